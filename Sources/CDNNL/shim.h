#pragma once
#include <oneapi/dnnl/dnnl.h>

// The engine speaks to oneDNN in the terms of version 3. What version 2 has for them is in version2.h.

#if DNNL_VERSION_MAJOR == 2
#include "version2.h"
#elif DNNL_VERSION_MAJOR == 3
#include "version3.h"
#else
#error "dptrain's OneDNNEngine is written for oneDNN 2 and 3 (Debian 12 and 13: libdnnl-dev). Install one of them, or build with DPTRAIN_ENGINES=blas to do without oneDNN."
#endif
