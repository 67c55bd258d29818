#pragma once
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <png.h>

// libpng leaves a call that fails by longjmp, which must not cross Swift's frames. So each call has a function here that
// returns whether it succeeded.

typedef struct {
    png_structp png;
    png_infop info;
    const unsigned char *bytes;
    size_t count, position;
    /// Of the last failure.
    char reason[160];
    /// The data end before the image does.
    int cut_off;
} cpng_reader;

static inline void cpng_fail(png_structp png, png_const_charp reason) {
    cpng_reader *reader = (cpng_reader *)png_get_error_ptr(png);
    snprintf(reader->reason, sizeof reader->reason, "%s", reason);
    png_longjmp(png, 1);
}

/// libpng warns of what concerns no pixel.
static inline void cpng_warn(png_structp png, png_const_charp reason) { (void)png, (void)reason; }

static inline void cpng_read(png_structp png, png_bytep target, size_t count) {
    cpng_reader *reader = (cpng_reader *)png_get_io_ptr(png);
    if (count > reader->count - reader->position) {
        reader->cut_off = 1;
        png_error(png, "it is cut off");
    }
    memcpy(target, reader->bytes + reader->position, count);
    reader->position += count;
}

/// Begins with an image whose bytes stay until it is closed. The sides' limits are ours, so libpng's are lifted.
static inline int cpng_open(cpng_reader *reader, const unsigned char *bytes, size_t count) {
    memset(reader, 0, sizeof *reader);
    reader->bytes = bytes;
    reader->count = count;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, cpng_fail, cpng_warn);
    if (!reader->png) return 0;
    reader->info = png_create_info_struct(reader->png);
    if (!reader->info || setjmp(png_jmpbuf(reader->png))) return 0;
    png_set_read_fn(reader->png, reader, cpng_read);
    png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    // Texts, profiles and the like, which may be long and compressed, are passed over.
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(reader->png, reader->info);
    return 1;
}

static inline void cpng_close(cpng_reader *reader) { png_destroy_read_struct(&reader->png, &reader->info, NULL); }

/// Asks for 8 bits, no palette, no transparency; for RGB if `coloured`. What the rows then are is in `channels` (grey may be
/// asked for, but not given) and `row_bytes`.
static inline int cpng_start(cpng_reader *reader, int coloured, int *channels, size_t *row_bytes, int *passes) {
    if (setjmp(png_jmpbuf(reader->png))) return 0;
    png_set_expand(reader->png);
    png_set_strip_16(reader->png);
    png_set_strip_alpha(reader->png);
    if (coloured) png_set_gray_to_rgb(reader->png);
    *passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    *channels = png_get_channels(reader->png, reader->info);
    *row_bytes = png_get_rowbytes(reader->png, reader->info);
    return 1;
}

/// Reads rows of the image, of one pass. Later passes of an interlaced image fill in what earlier ones have left out.
static inline int cpng_read_rows(cpng_reader *reader, unsigned char *pixels, size_t row_bytes, size_t rows) {
    if (setjmp(png_jmpbuf(reader->png))) return 0;
    for (size_t row = 0; row < rows; row++) png_read_row(reader->png, pixels + row * row_bytes, NULL);
    return 1;
}

/// After the last row: reads on to the end of the image.
static inline int cpng_finish(cpng_reader *reader) {
    if (setjmp(png_jmpbuf(reader->png))) return 0;
    png_read_end(reader->png, NULL);
    return 1;
}
