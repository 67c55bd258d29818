#pragma once
#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR != 2
#error "dptrain's OneDNNEngine is written for oneDNN 2 (Debian 12: libdnnl-dev 2.6.3). Install that version, or build with DPTRAIN_ENGINES=blas to do without oneDNN."
#endif
