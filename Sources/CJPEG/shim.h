#pragma once
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

// libjpeg leaves a call that fails by longjmp, which must not cross Swift's frames. So each call has a function here that
// returns whether it succeeded.

typedef struct {
    struct jpeg_error_mgr manager;
    jmp_buf escape;
    /// Of the last failure.
    char reason[JMSG_LENGTH_MAX];
    /// The data end before the image does.
    int cut_off;
} cjpeg_errors;

static inline void cjpeg_fail(j_common_ptr info) {
    cjpeg_errors *errors = (cjpeg_errors *)info->err;
    info->err->format_message(info, errors->reason);
    errors->cut_off = info->err->msg_code == JWRN_JPEG_EOF || info->err->msg_code == JERR_INPUT_EOF;
    longjmp(errors->escape, 1);
}

/// libjpeg only warns of corrupt data, and makes up pixels. Here a warning is a failure, but for those that concern no pixel:
/// bytes that are left over, versions, and fields that libjpeg has a rule for.
static inline void cjpeg_warn(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
        case JWRN_EXTRANEOUS_DATA:
        case JWRN_JFIF_MAJOR:
        case JWRN_ADOBE_XFORM:
        case JWRN_NOT_SEQUENTIAL: return;
        default: cjpeg_fail(info);
    }
}

static inline void cjpeg_print_nothing(j_common_ptr info) { (void)info; }

static inline struct jpeg_error_mgr *cjpeg_set_errors(cjpeg_errors *errors) {
    jpeg_std_error(&errors->manager);
    errors->manager.error_exit = cjpeg_fail;
    errors->manager.emit_message = cjpeg_warn;
    errors->manager.output_message = cjpeg_print_nothing;
    return &errors->manager;
}

typedef struct {
    struct jpeg_decompress_struct info;
    cjpeg_errors errors;
    struct jpeg_progress_mgr progress;
    int most_scans;
} cjpeg_decoder;

/// A scan takes a few bytes at least, but the time of the whole image.
static inline void cjpeg_count_scans(j_common_ptr info) {
    j_decompress_ptr decompress = (j_decompress_ptr)info;
    cjpeg_decoder *decoder = (cjpeg_decoder *)decompress->client_data;
    if (decompress->input_scan_number <= decoder->most_scans) return;
    snprintf(decoder->errors.reason, JMSG_LENGTH_MAX, "more than %d scans", decoder->most_scans);
    longjmp(decoder->errors.escape, 1);
}

/// NULL where there is no memory.
static inline cjpeg_decoder *cjpeg_new_decoder(int most_scans) {
    cjpeg_decoder *d = (cjpeg_decoder *)calloc(1, sizeof *d);
    if (!d) return NULL;
    d->info.err = cjpeg_set_errors(&d->errors);
    if (setjmp(d->errors.escape)) {
        free(d);
        return NULL;
    }
    jpeg_create_decompress(&d->info);
    d->info.client_data = d;
    d->most_scans = most_scans;
    d->progress.progress_monitor = cjpeg_count_scans;
    d->info.progress = &d->progress;
    return d;
}

static inline void cjpeg_free_decoder(cjpeg_decoder *d) {
    jpeg_destroy_decompress(&d->info);
    free(d);
}

/// Whether there is an image. The bytes must stay until the image is decoded or given up.
static inline int cjpeg_read_header(cjpeg_decoder *d, const unsigned char *bytes, size_t count) {
    d->errors.cut_off = 0;
    if (setjmp(d->errors.escape)) return 0;
    jpeg_mem_src(&d->info, bytes, count);
    return jpeg_read_header(&d->info, TRUE) == JPEG_HEADER_OK;
}

static inline int cjpeg_start(cjpeg_decoder *d) {
    if (setjmp(d->errors.escape)) return 0;
    return jpeg_start_decompress(&d->info);
}

/// Decodes fewer columns. Both numbers are changed: columns begin at a whole block.
static inline int cjpeg_crop(cjpeg_decoder *d, JDIMENSION *first, JDIMENSION *columns) {
    if (setjmp(d->errors.escape)) return 0;
    jpeg_crop_scanline(&d->info, first, columns);
    return 1;
}

static inline int cjpeg_skip_rows(cjpeg_decoder *d, JDIMENSION rows) {
    if (setjmp(d->errors.escape)) return 0;
    return jpeg_skip_scanlines(&d->info, rows) == rows;
}

static inline int cjpeg_read_rows(cjpeg_decoder *d, unsigned char *pixels, size_t row_bytes, JDIMENSION rows) {
    enum { most = 16 };
    if (setjmp(d->errors.escape)) return 0;
    for (JDIMENSION row = 0; row < rows;) {
        unsigned char *group[most];
        const JDIMENSION count = rows - row < most ? rows - row : most;
        for (JDIMENSION i = 0; i < count; i++) group[i] = pixels + (row + i) * row_bytes;
        row += jpeg_read_scanlines(&d->info, group, count);
    }
    return 1;
}

/// After the last row: reads on to the end of the image.
static inline int cjpeg_finish(cjpeg_decoder *d) {
    if (setjmp(d->errors.escape)) return 0;
    return jpeg_finish_decompress(&d->info);
}

/// Makes the decoder ready for another image, whatever has become of this one.
static inline void cjpeg_give_up(cjpeg_decoder *d) { jpeg_abort_decompress(&d->info); }

typedef struct {
    struct jpeg_compress_struct info;
    cjpeg_errors errors;
    struct jpeg_destination_mgr destination;
    /// What was written last; the memory stays for the next image.
    unsigned char *bytes;
    size_t count, room;
} cjpeg_encoder;

static inline void cjpeg_begin_output(j_compress_ptr info) {
    cjpeg_encoder *e = (cjpeg_encoder *)info->client_data;
    e->destination.next_output_byte = e->bytes;
    e->destination.free_in_buffer = e->room;
}

static inline boolean cjpeg_grow_output(j_compress_ptr info) {
    cjpeg_encoder *e = (cjpeg_encoder *)info->client_data;
    unsigned char *larger = (unsigned char *)realloc(e->bytes, 2 * e->room);
    if (!larger) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
    e->bytes = larger;
    e->destination.next_output_byte = larger + e->room;
    e->destination.free_in_buffer = e->room;
    e->room *= 2;
    return TRUE;
}

static inline void cjpeg_end_output(j_compress_ptr info) {
    cjpeg_encoder *e = (cjpeg_encoder *)info->client_data;
    e->count = e->room - e->destination.free_in_buffer;
}

/// NULL where there is no memory.
static inline cjpeg_encoder *cjpeg_new_encoder(void) {
    enum { first_room = 1 << 16 };
    cjpeg_encoder *e = (cjpeg_encoder *)calloc(1, sizeof *e);
    if (!e) return NULL;
    e->bytes = (unsigned char *)malloc(first_room);
    e->room = first_room;
    e->info.err = cjpeg_set_errors(&e->errors);
    if (!e->bytes || setjmp(e->errors.escape)) {
        free(e->bytes);
        free(e);
        return NULL;
    }
    jpeg_create_compress(&e->info);
    e->info.client_data = e;
    e->destination.init_destination = cjpeg_begin_output;
    e->destination.empty_output_buffer = cjpeg_grow_output;
    e->destination.term_destination = cjpeg_end_output;
    e->info.dest = &e->destination;
    return e;
}

static inline void cjpeg_free_encoder(cjpeg_encoder *e) {
    jpeg_destroy_compress(&e->info);
    free(e->bytes);
    free(e);
}

/// Compresses grey (1 channel) or RGB pixels (3) with libjpeg's defaults, which are also Pillow's.
static inline int cjpeg_encode(
    cjpeg_encoder *e, const unsigned char *pixels, size_t row_bytes, JDIMENSION width, JDIMENSION height, int channels,
    int quality) {
    if (setjmp(e->errors.escape)) {
        jpeg_abort_compress(&e->info);
        return 0;
    }
    e->info.image_width = width;
    e->info.image_height = height;
    e->info.input_components = channels;
    e->info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&e->info);
    jpeg_set_quality(&e->info, quality, TRUE);
    jpeg_start_compress(&e->info, TRUE);
    while (e->info.next_scanline < height) {
        unsigned char *row = (unsigned char *)pixels + e->info.next_scanline * row_bytes;
        jpeg_write_scanlines(&e->info, &row, 1);
    }
    jpeg_finish_compress(&e->info);
    return 1;
}
