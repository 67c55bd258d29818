/// The loops of feature_normalization.c for blocks of LANES channels. Included once for each width (each_width.h).

/// Ones for channels of block `block` that there are.
FIXED vector NAMED(present)(const dptrain_feature_normalization *n, ptrdiff_t block) {
    float ones[LANES];
    for (int i = 0; i < LANES; i++) ones[i] = block * LANES + i < n->channels;
    return NAMED(load)(ones);
}

FIXED vector NAMED(gamma_of)(const dptrain_feature_normalization *n, ptrdiff_t block) {
    return n->gamma ? NAMED(load)(n->gamma + block * LANES) : NAMED(present)(n, block);
}

/// The means of `count` neighbouring pixels, and one by their deviations.
FIXED void NAMED(moments)(
    const dptrain_feature_normalization *n, const void *x, ptrdiff_t first, const int count, float *means, float *inverses) {
    const dptrain_blocks *s = &n->images;
    vector sums[count];
    const vector none = {0};
    for (int p = 0; p < count; p++) sums[p] = none;
    for (ptrdiff_t block = 0; block < s->blocks; block++)
        for (int p = 0; p < count; p++) sums[p] += NAMED(pixel_at)(s->bf16_images, x, first + block * s->pixels + p);
    for (int p = 0; p < count; p++) {
        means[p] = NAMED(total)(sums[p]) / (float)n->channels;
        sums[p] = none;
    }
    for (ptrdiff_t block = 0; block < s->blocks; block++) {
        const vector present = NAMED(present)(n, block);
        for (int p = 0; p < count; p++) {
            const vector off = (NAMED(pixel_at)(s->bf16_images, x, first + block * s->pixels + p) - means[p]) * present;
            sums[p] += off * off;
        }
    }
    for (int p = 0; p < count; p++)
        inverses[p] = 1.0f / sqrtf(NAMED(total)(sums[p]) / (float)n->channels + n->epsilon);
}

/// `first` is the pixel's place in the sample's first block.
FIXED void NAMED(normalize_some)(
    const dptrain_feature_normalization *n, const void *x, void *y, ptrdiff_t first, const int count) {
    const dptrain_blocks *s = &n->images;
    float means[PIXELS], inverses[PIXELS];
    NAMED(moments)(n, x, first, count, means, inverses);
    for (ptrdiff_t block = 0; block < s->blocks; block++) {
        const vector gamma = NAMED(gamma_of)(n, block), none = {0};
        const vector beta = n->beta ? NAMED(load)(n->beta + block * LANES) : none;
        for (int p = 0; p < count; p++) {
            const ptrdiff_t at = first + block * s->pixels + p;
            const vector normal = (NAMED(pixel_at)(s->bf16_images, x, at) - means[p]) * inverses[p];
            NAMED(store)(s->bf16_images, y, at, normal * gamma + beta);
        }
    }
}

TARGET static void NAMED(normalize_features)(
    const dptrain_feature_normalization *n, dptrain_part samples, const void *x, void *y) {
    const dptrain_blocks *s = &n->images;
    for (ptrdiff_t sample = samples.first; sample < samples.end; sample++) {
        const ptrdiff_t first = sample * s->blocks * s->pixels;
        ptrdiff_t p = 0;
        for (; p + PIXELS <= s->pixels; p += PIXELS) NAMED(normalize_some)(n, x, y, first + p, PIXELS);
        for (; p < s->pixels; p++) NAMED(normalize_some)(n, x, y, first + p, 1);
    }
}

/// With x̂ = (x - mean) / deviation and g = dy gamma: dx = (g - mean(g) - x̂ mean(g x̂)) / deviation, dgamma = Σ dy x̂,
/// dbeta = Σ dy. Parameters' gradients are added unless they are null.
FIXED void NAMED(gradient_of_some)(
    const dptrain_feature_normalization *n, const void *x, const void *dy, void *dx, float *dgamma, float *dbeta,
    ptrdiff_t first, const int count, float *means, float *inverses) {
    const dptrain_blocks *s = &n->images;
    float shifts[PIXELS], along[PIXELS];
    NAMED(moments)(n, x, first, count, means, inverses);
    vector sums[count], products[count];
    const vector none = {0};
    for (int p = 0; p < count; p++) sums[p] = products[p] = none;
    for (ptrdiff_t block = 0; block < s->blocks; block++) {
        const vector gamma = NAMED(gamma_of)(n, block);
        vector ofGamma = {0}, ofBeta = {0};
        for (int p = 0; p < count; p++) {
            const ptrdiff_t at = first + block * s->pixels + p;
            const vector normal = (NAMED(pixel_at)(s->bf16_images, x, at) - means[p]) * inverses[p];
            const vector given = NAMED(pixel_at)(s->bf16_images, dy, at), g = given * gamma;
            sums[p] += g;
            products[p] += g * normal;
            ofGamma += given * normal;
            ofBeta += given;
        }
        if (!dgamma) continue;
        *(vector *)(dgamma + block * LANES) += ofGamma;
        *(vector *)(dbeta + block * LANES) += ofBeta;
    }
    for (int p = 0; p < count; p++) {
        shifts[p] = NAMED(total)(sums[p]) / (float)n->channels;
        along[p] = NAMED(total)(products[p]) / (float)n->channels;
    }
    for (ptrdiff_t block = 0; block < s->blocks; block++) {
        const vector gamma = NAMED(gamma_of)(n, block), present = NAMED(present)(n, block);
        for (int p = 0; p < count; p++) {
            const ptrdiff_t at = first + block * s->pixels + p;
            const vector normal = (NAMED(pixel_at)(s->bf16_images, x, at) - means[p]) * inverses[p];
            const vector g = NAMED(pixel_at)(s->bf16_images, dy, at) * gamma;
            NAMED(store)(s->bf16_images, dx, at, (g - shifts[p] - normal * along[p]) * inverses[p] * present);
        }
    }
}

TARGET static void NAMED(features_gradient)(
    const dptrain_feature_normalization *n, const void *x, const void *dy, void *dx, float *dgamma, float *dbeta) {
    const dptrain_blocks *s = &n->images;
    memset(dgamma, 0, s->blocks * LANES * sizeof(float));
    memset(dbeta, 0, s->blocks * LANES * sizeof(float));
    float means[PIXELS], inverses[PIXELS];
    for (ptrdiff_t sample = 0; sample < s->samples; sample++) {
        const ptrdiff_t first = sample * s->blocks * s->pixels;
        ptrdiff_t p = 0;
        for (; p + PIXELS <= s->pixels; p += PIXELS)
            NAMED(gradient_of_some)(n, x, dy, dx, dgamma, dbeta, first + p, PIXELS, means, inverses);
        for (; p < s->pixels; p++)
            NAMED(gradient_of_some)(n, x, dy, dx, dgamma, dbeta, first + p, 1, means, inverses);
    }
}

TARGET static void NAMED(features_input_gradient)(
    const dptrain_feature_normalization *n, dptrain_part samples, const void *x, const void *dy, void *dx, float *moments) {
    const dptrain_blocks *s = &n->images;
    for (ptrdiff_t sample = samples.first; sample < samples.end; sample++) {
        const ptrdiff_t first = sample * s->blocks * s->pixels;
        float *means = moments + sample * 2 * s->pixels, *inverses = means + s->pixels;
        ptrdiff_t p = 0;
        for (; p + PIXELS <= s->pixels; p += PIXELS)
            NAMED(gradient_of_some)(n, x, dy, dx, NULL, NULL, first + p, PIXELS, means + p, inverses + p);
        for (; p < s->pixels; p++)
            NAMED(gradient_of_some)(n, x, dy, dx, NULL, NULL, first + p, 1, means + p, inverses + p);
    }
}

/// What `count` pixels of a block give its parameters' gradients, in the order of `gradient_of_some`.
FIXED void NAMED(add_parameters)(
    const dptrain_blocks *s, const void *x, const void *dy, ptrdiff_t at, const int count, const float *means,
    const float *inverses, vector *dgamma, vector *dbeta) {
    vector ofGamma = {0}, ofBeta = {0};
    for (int p = 0; p < count; p++) {
        const vector normal = (NAMED(pixel_at)(s->bf16_images, x, at + p) - means[p]) * inverses[p];
        const vector given = NAMED(pixel_at)(s->bf16_images, dy, at + p);
        ofGamma += given * normal;
        ofBeta += given;
    }
    *dgamma += ofGamma;
    *dbeta += ofBeta;
}

TARGET static void NAMED(features_parameter_gradient)(
    const dptrain_feature_normalization *n, dptrain_part blocks, const void *x, const void *dy, const float *moments,
    float *dgamma, float *dbeta) {
    const dptrain_blocks *s = &n->images;
    for (ptrdiff_t block = blocks.first; block < blocks.end; block++) {
        vector ofGamma = {0}, ofBeta = {0};
        for (ptrdiff_t sample = 0; sample < s->samples; sample++) {
            const ptrdiff_t first = (sample * s->blocks + block) * s->pixels;
            const float *means = moments + sample * 2 * s->pixels, *inverses = means + s->pixels;
            ptrdiff_t p = 0;
            for (; p + PIXELS <= s->pixels; p += PIXELS)
                NAMED(add_parameters)(s, x, dy, first + p, PIXELS, means + p, inverses + p, &ofGamma, &ofBeta);
            for (; p < s->pixels; p++)
                NAMED(add_parameters)(s, x, dy, first + p, 1, means + p, inverses + p, &ofGamma, &ofBeta);
        }
        *(vector *)(dgamma + block * LANES) = ofGamma;
        *(vector *)(dbeta + block * LANES) = ofBeta;
    }
}
