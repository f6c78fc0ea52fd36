/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chunks, decoded, and those that were used last kept: consecutive patterns lie in the same ones. */
#include <blosc.h>
#include <libdeflate.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "base/base_internal.h"
#include "dataset/zarr_internal.h"

enum { MOST_SLOTS = 4096 };
static const uint64_t nothing = UINT64_MAX;

typedef struct slot {
    unsigned char *values;
    size_t users;
    unsigned long used; /* when, as a count */
    bool is_loading;
} slot;

struct zarr_cache {
    const zarr_array *array;
    size_t n_items, stored_bytes; /* of a chunk: its numbers, and the bytes that they are unpacked to */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned long now;
    size_t n;
    uint64_t *numbers; /* [n] of the chunks in the slots, counted through the grid */
    slot *slots;
};

static size_t items_of(const zarr_array *array)
{
    size_t n = 1; /* checked when the description was read */
    for (size_t i = 0; i < array->rank; i++)
        n *= (size_t)array->chunk[i];
    return n;
}

vtr_status zarr_cache_create(zarr_cache **out, const zarr_array *array, size_t bytes, vtr_error *err)
{
    const size_t n_items = items_of(array), one = n_items * vtr_type_size(array->type);
    size_t n = bytes / one < 1 ? 1 : bytes / one > MOST_SLOTS ? MOST_SLOTS : bytes / one;
    zarr_cache *cache = vtr_calloc(1, sizeof *cache);
    if (cache == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    cache->slots = vtr_calloc(n, sizeof *cache->slots);
    cache->numbers = vtr_malloc(n, sizeof *cache->numbers);
    if (cache->slots == NULL || cache->numbers == NULL) {
        vtr_free(cache->slots);
        vtr_free(cache->numbers);
        vtr_free(cache);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < n; i++)
        cache->numbers[i] = nothing;
    cache->array = array;
    cache->n_items = n_items;
    cache->stored_bytes = n_items * array->item_bytes;
    cache->n = n;
    pthread_mutex_init(&cache->mutex, NULL);
    pthread_cond_init(&cache->changed, NULL);
    *out = cache;
    return VTR_OK;
}

void zarr_cache_free(zarr_cache *cache)
{
    if (cache == NULL) return;
    for (size_t i = 0; i < cache->n; i++)
        vtr_free(cache->slots[i].values);
    vtr_free(cache->slots);
    vtr_free(cache->numbers);
    pthread_mutex_destroy(&cache->mutex);
    pthread_cond_destroy(&cache->changed);
    vtr_free(cache);
}

/* --- decoding ----------------------------------------------------------------------------------------------------- */

static bool inflate(unsigned char *to, size_t n, const unsigned char *from, size_t n_from, bool is_gzip)
{
    size_t got = 0;
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (d == NULL) return false;
    enum libdeflate_result result = is_gzip ? libdeflate_gzip_decompress(d, from, n_from, to, n, &got)
                                            : libdeflate_zlib_decompress(d, from, n_from, to, n, &got);
    libdeflate_free_decompressor(d);
    return result == LIBDEFLATE_SUCCESS && got == n;
}

/* Blosc says in its header how much it holds; what it says is checked against the bytes that are there. */
static bool unblosc(unsigned char *to, size_t n, const unsigned char *from, size_t n_from)
{
    size_t holds = 0;
    return blosc_cbuffer_validate(from, n_from, &holds) == 0 && holds == n &&
           blosc_decompress_ctx(from, to, n, 1) == (int)n;
}

static bool unpack(unsigned char *to, size_t n, const unsigned char *from, size_t n_from, zarr_codec codec)
{
    switch (codec) {
    case ZARR_PLAIN:
        if (n_from == n) memcpy(to, from, n);
        return n_from == n;
    case ZARR_ZLIB:
    case ZARR_GZIP:
        return inflate(to, n, from, n_from, codec == ZARR_GZIP);
    case ZARR_ZSTD:
        return ZSTD_decompress(to, n, from, n_from) == n;
    case ZARR_BLOSC:
        return unblosc(to, n, from, n_from);
    }
    return false;
}

static void fill(unsigned char *values, size_t n, const zarr_array *array)
{
    double x = array->fill;
    const size_t size = vtr_type_size(array->type);
    unsigned char one[8] = {0};
    if (array->type == VTR_TYPE_F64)
        memcpy(one, &x, sizeof x);
    else if (array->type == VTR_TYPE_F32)
        memcpy(one, &(float){(float)x}, sizeof(float));
    else if (isfinite(x) && fabs(x) < 1e15) {
        int64_t whole = (int64_t)x;
        for (size_t b = 0; b < size; b++)
            one[vtr_is_big_endian() ? size - 1 - b : b] = (unsigned char)((uint64_t)whole >> 8 * b);
    }
    for (size_t i = 0; i < n; i++)
        memcpy(values + i * size, one, size);
}

static void key_of(char key[ZARR_MAX_KEY], const zarr_array *array, const uint64_t place[ZARR_MAX_RANK])
{
    size_t used = (size_t)snprintf(key, ZARR_MAX_KEY, "%s%s", array->key, array->key[0] != '\0' ? "/" : "");
    for (size_t i = 0; i < array->rank && used < ZARR_MAX_KEY; i++)
        used += (size_t)snprintf(key + used, ZARR_MAX_KEY - used, "%.*s%llu", i > 0, &array->separator,
                                 (unsigned long long)place[i]);
}

static vtr_status decode(slot *s, const zarr_cache *cache, const zarr_store *store,
                         const uint64_t place[ZARR_MAX_RANK], vtr_error *err)
{
    const zarr_array *array = cache->array;
    char key[ZARR_MAX_KEY];
    unsigned char *packed = NULL;
    size_t n = 0;
    key_of(key, array, place);
    vtr_status status = zarr_store_get(&packed, &n, store, key, 2 * cache->stored_bytes + (1 << 16), err);
    if (status != VTR_OK) return status;
    if (s->values == NULL) s->values = vtr_malloc(cache->n_items, vtr_type_size(array->type));
    if (s->values == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a chunk of '%s'", store->path);
    else if (packed == NULL)
        fill(s->values, cache->n_items, array); /* never written */
    else if (!unpack(s->values, cache->stored_bytes, packed, n, array->codec))
        status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': the numbers of chunk '%s' are damaged",
                          store->path, key);
    else {
        if (array->is_big_endian != vtr_is_big_endian() && array->item_bytes > 1)
            vtr_swap_bytes(s->values, cache->n_items, array->item_bytes);
        if (array->stored != ZARR_AS_IS)
            vtr_integers_to_doubles(s->values, cache->n_items, array->stored == ZARR_SIGNED_64);
    }
    vtr_free(packed);
    return status;
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

static uint64_t number_of(const zarr_array *array, const uint64_t place[ZARR_MAX_RANK])
{
    uint64_t number = 0; /* of fewer chunks than there are numbers, whose count was checked */
    for (size_t i = 0; i < array->rank; i++)
        number = number * ((array->shape[i] + array->chunk[i] - 1) / array->chunk[i]) + place[i];
    return number;
}

/* The slot of a chunk; cache->n: none. */
static size_t find(const zarr_cache *cache, uint64_t number)
{
    size_t i = 0;
    while (i < cache->n && cache->numbers[i] != number)
        i++;
    return i;
}

/* One that is empty, else the one that nobody uses for longest; cache->n: all are in use. */
static size_t choose(const zarr_cache *cache)
{
    size_t best = cache->n;
    for (size_t i = 0; i < cache->n; i++) {
        const slot *s = &cache->slots[i];
        if (s->users > 0) continue;
        if (cache->numbers[i] == nothing) return i;
        if (best == cache->n || s->used < cache->slots[best].used) best = i;
    }
    return best;
}

/* Called within the lock, which it leaves meanwhile. */
static vtr_status load(zarr_cache *cache, size_t i, const zarr_store *store,
                       const uint64_t place[ZARR_MAX_RANK], vtr_error *err)
{
    slot *s = &cache->slots[i];
    cache->numbers[i] = number_of(cache->array, place);
    s->is_loading = true;
    s->users = 1;
    pthread_mutex_unlock(&cache->mutex);
    vtr_status status = decode(s, cache, store, place, err);
    pthread_mutex_lock(&cache->mutex);
    s->is_loading = false;
    if (status != VTR_OK) {
        s->users = 0;
        cache->numbers[i] = nothing;
    }
    pthread_cond_broadcast(&cache->changed);
    return status;
}

vtr_status zarr_chunk_take(const unsigned char **values, size_t *taken, zarr_cache *cache,
                           const zarr_store *store, const uint64_t place[ZARR_MAX_RANK], vtr_error *err)
{
    const uint64_t number = number_of(cache->array, place);
    vtr_status status = VTR_OK;
    size_t i;
    pthread_mutex_lock(&cache->mutex);
    for (;;) {
        i = find(cache, number);
        if (i < cache->n && !cache->slots[i].is_loading) {
            cache->slots[i].users++;
            break;
        }
        size_t empty = i == cache->n ? choose(cache) : cache->n;
        if (empty < cache->n) {
            i = empty;
            status = load(cache, i, store, place, err);
            break;
        }
        pthread_cond_wait(&cache->changed,
                          &cache->mutex); /* another thread decodes it, or all slots are used */
    }
    cache->slots[i].used = ++cache->now;
    *values = cache->slots[i].values;
    *taken = i;
    pthread_mutex_unlock(&cache->mutex);
    return status;
}

void zarr_chunk_give_back(zarr_cache *cache, size_t taken)
{
    pthread_mutex_lock(&cache->mutex);
    if (--cache->slots[taken].users == 0) pthread_cond_broadcast(&cache->changed);
    pthread_mutex_unlock(&cache->mutex);
}
