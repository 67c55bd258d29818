#pragma once
#include <archive.h>
#include <archive_entry.h>

/// AE_IFREG is a cast, which Swift does not import. A hard link has no content of its own.
static inline int carchive_is_regular_file(struct archive_entry *entry) {
    return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == NULL;
}
