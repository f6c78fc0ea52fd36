/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Factorisations of cubes of mixtures, against a bare pass over the data and, where it is installed, against scikit-learn on
 * the same data in the same run: bench_unmix [THREADS] [PYTHON] [large]. The answer is checked before it is told. Under
 * mpirun, instead, one factorisation that the ranks share, with what they send: compare mpirun -n 1 and -n 2 of
 * bench_unmix 1. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/base_internal.h"
#include "vitrail/unmix.h"

typedef struct scene {
    size_t n, m, k;
    float *values;
    double *components, *share; /* [k][m], [k] */
} scene;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What a machine that others use gives to this process. */
static double seconds_of_processor(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(int is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_unmix: %s\n", what);
    exit(1);
}

/* Damped waves of slightly different length, as pair distribution functions are, lifted above zero. */
static void make(scene *s, size_t n, size_t m, size_t k, double noise)
{
    *s = (scene){.n = n, .m = m, .k = k};
    s->values = vtr_malloc(n * m, sizeof *s->values);
    s->components = vtr_malloc(k * m, sizeof(double));
    s->share = vtr_calloc(k, sizeof(double));
    require(s->values != NULL && s->components != NULL && s->share != NULL, "out of memory");
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++) {
            double r = 20 * (double)c / (double)m,
                   phase = 2.7 * (1 + 0.04 * (double)j) * (r - 2.5) + 0.4 * (double)j;
            s->components[j * m + c] = 2 + cos(phase) * exp(-0.12 * (1 + 0.2 * (double)j) * r);
        }
    for (size_t i = 0; i < n; i++) {
        double w[8], sum = 0;
        vtr_random random;
        vtr_random_start(&random, 1, i);
        for (size_t j = 0; j < k; j++)
            sum += w[j] = vtr_random_gamma(&random, 0.5);
        for (size_t j = 0; j < k; j++)
            s->share[j] += w[j] / sum / (double)n;
        for (size_t c = 0; c < m; c++) {
            double x = 0;
            for (size_t j = 0; j < k; j++)
                x += w[j] / sum * s->components[j * m + c];
            s->values[i * m + c] = (float)fmax(x + noise * vtr_random_normal(&random), 0);
        }
    }
}

static void release(scene *s)
{
    vtr_free(s->values);
    vtr_free(s->components);
    vtr_free(s->share);
}

static double bare_pass(const scene *s, int threads)
{
    double total = 0, begin = seconds();
#pragma omp parallel for num_threads(threads) reduction(+ : total)
    for (size_t i = 0; i < s->n; i++) {
        float sum = 0;
        for (size_t c = 0; c < s->m; c++)
            sum += s->values[i * s->m + c];
        total += (double)sum;
    }
    require(total > 0, "the data are not positive");
    return seconds() - begin;
}

static double gib_used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024 / 1024;
}

/* Largest distance of a fraction from the truth. */
static double fraction_error(const scene *s, const vtr_nmf_result *result)
{
    size_t order[8];
    double correlation[8], worst = 0;
    require(vtr_unmix_match(order, correlation, s->k, s->m, s->components, result->components, NULL) ==
                VTR_OK,
            "components cannot be matched");
    for (size_t j = 0; j < s->k; j++)
        worst = fmax(worst, fabs(result->fractions[order[j]] - s->share[j]));
    return worst;
}

/* One factorisation from 10 starts by all ranks. */
static void together(vtr_ranks *ranks, int threads)
{
    enum { N = 200000, M = 400, K = 3 };
    scene s;
    vtr_error err;
    vtr_nmf_params params = vtr_nmf_default_params();
    vtr_nmf_result result = {0};
    make(&s, N, M, K, 0.1);
    vtr_unmix_data data = {.n_positions = N, .n_channels = M, .values = s.values, .ranks = ranks};
    params.n_components = K;
    require(vtr_ranks_barrier(ranks, &err) == VTR_OK, "the ranks do not meet");
    vtr_ranks_traffic before = vtr_ranks_traffic_of(ranks);
    double begin = seconds(), busy = seconds_of_processor();
    require(vtr_nmf(&result, &data, &params, threads, NULL, &err) == VTR_OK, err.message);
    double time = seconds() - begin;
    busy = seconds_of_processor() - busy;
    vtr_ranks_traffic after = vtr_ranks_traffic_of(ranks);
    printf("rank %d of %d: %d x %d, %d components: %.3f s, %.3f s of a processor, %zu "
           "iterations of the last start, loss %.17g, sent %.3f MB "
           "in %llu messages, received %.3f MB\n",
           vtr_ranks_rank(ranks), vtr_ranks_size(ranks), N, M, K, time, busy, result.n_iterations,
           result.objective, 1e-6 * (double)(after.bytes_sent - before.bytes_sent),
           (unsigned long long)(after.messages_sent - before.messages_sent),
           1e-6 * (double)(after.bytes_received - before.bytes_received));
    vtr_nmf_result_release(&result);
    release(&s);
}

static double ours(const scene *s, const vtr_nmf_params *params, int threads, const char *name)
{
    vtr_unmix_data data = {.n_positions = s->n, .n_channels = s->m, .values = s->values};
    vtr_nmf_result result = {0};
    vtr_error err;
    double begin = seconds();
    vtr_status status = vtr_nmf(&result, &data, params, threads, NULL, &err);
    double time = seconds() - begin, objective = result.objective;
    require(status == VTR_OK, err.message);
    printf(
        "  %-28s %8.3f s   loss %.7g   %4zu iterations   kkt %.1e   fractions off by %.4f   peak %.2f GiB\n",
        name, time, objective, result.n_iterations, result.kkt, fraction_error(s, &result), gib_used());
    fflush(stdout);
    vtr_nmf_result_release(&result);
    return objective;
}

/* The same cube through scikit-learn, with its own defaults and until it reaches our loss. */
static void theirs(const scene *s, const char *python, double objective, const char *loss)
{
    char path[] = "/tmp/bench_unmixXXXXXX", command[4096];
    int file = mkstemp(path);
    if (file < 0) return;
    FILE *out = fdopen(file, "wb");
    require(out != NULL && fwrite(s->values, sizeof(float), s->n * s->m, out) == s->n * s->m,
            "cannot write to /tmp");
    fclose(out);
    snprintf(
        command, sizeof command,
        "%s -c \"\n"
        "import sys, time, warnings\n"
        "warnings.filterwarnings('ignore')\n"
        "import numpy as np\n"
        "try:\n"
        "    from sklearn.decomposition import NMF\n"
        "    import sklearn\n"
        "except ImportError:\n"
        "    print('  scikit-learn: skipped, not installed'); sys.exit()\n"
        "a = np.fromfile('%s', np.float32).reshape(%zu, %zu)\n"
        "kl = '%s' == 'kullback-leibler'\n"
        "for n in (200, 1000) if a.size < 1e7 and not kl else (200,):\n"
        "    t = time.time()\n"
        "    f = NMF(%zu, init='nndsvda', max_iter=n, tol=1e-4 if n == 200 else 1e-8, solver='mu' if kl else "
        "'cd',\n"
        "            beta_loss='%s').fit(a)\n"
        "    e = f.reconstruction_err_**2/2\n"
        "    print('  scikit-learn %%s, %%-5d %%14.3f s   loss %%.7g   %%4d iterations' %% "
        "(sklearn.__version__, n,\n"
        "          time.time() - t, e, f.n_iter_), '' if e > %.9g else '  (below ours)', flush=True)\n\"",
        python, path, s->n, s->m, loss, s->k, loss, objective);
    if (system(command) != 0) printf("  scikit-learn: skipped, %s does not run\n", python);
    remove(path);
}

static void compare(size_t n, size_t m, size_t k, int threads, const char *python, int with_all)
{
    scene s;
    vtr_nmf_params params = vtr_nmf_default_params();
    make(&s, n, m, k, 0.1);
    printf("%zu positions, %zu channels, %zu components (%.2f GiB)\n", n, m, k,
           (double)(n * m) * sizeof(float) / (1 << 30));
    printf("  %-28s %8.3f s\n", "bare pass over the data", bare_pass(&s, threads));
    params.n_components = k;
    double objective = ours(&s, &params, threads, "als, 10 starts");
    params.start = VTR_NMF_NNDSVDA;
    ours(&s, &params, threads, "als, nndsvda");
    if (with_all) {
        params.method = VTR_NMF_HALS;
        ours(&s, &params, threads, "hals, nndsvda");
        params.method = VTR_NMF_MU;
        ours(&s, &params, threads, "mu, nndsvda");
    }
    theirs(&s, python, objective, "frobenius");
    if (with_all) {
        params = vtr_nmf_default_params();
        params.n_components = k;
        params.start = VTR_NMF_NNDSVDA;
        params.loss = VTR_NMF_KULLBACK_LEIBLER;
        params.max_iterations = 200;
        objective = ours(&s, &params, threads, "kullback-leibler, nndsvda");
        theirs(&s, python, objective, "kullback-leibler");
    }
    release(&s);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 2;
    const char *python = argc > 2 ? argv[2] : "python3";
    if (vtr_ranks_are_launched()) {
        vtr_ranks *ranks = NULL;
        vtr_error err;
        require(vtr_ranks_start(&ranks, &err) == VTR_OK, err.message);
        together(ranks, threads);
        vtr_ranks_finish(&ranks);
        return 0;
    }
    compare(16384, 400, 3, threads, python, 1);
    if (argc > 3 && strcmp(argv[3], "large") == 0) compare(450000, 512, 4, threads, python, 0);
    return 0;
}
