/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "references.h"
#include "sections.h"

/* A statement of the methods text, chosen by what the map file says about itself. */
typedef struct condition {
    enum {
        ALWAYS,
        HAS,     /* the dataset `name` of `group`, or, NULL, the group */
        LACKS,   /* not that */
        IS,      /* the text attribute `name` begins with `value` */
        YES,     /* the number attribute `name` is not 0 */
        NO,      /* it is 0 */
        KNOWN,   /* it is a finite number */
        UNKNOWN, /* it is there and is none */
        SET      /* the setting `name` of the step `group` is `value`, or, NULL, anything */
    } kind;
    const char *group, *name, *value;
} condition;

/* In the text {group@attribute}, {group@attribute:index} and {group@attribute*factor} stand for a value of the file,
 * {step=setting} for a setting, [key] for a reference. */
typedef struct statement {
    condition when[2];
    const char *text; /* HTML */
} statement;

typedef struct topic {
    const char *title;
    condition when;
    const statement *statements;
    size_t n;
} topic;

#define COUNT(list) (list), sizeof(list) / sizeof *(list)

static const statement recording[] = {
    {{{ALWAYS}}, "Maps, numbers and error bars were computed with Vitrail [vitrail]."},
    {{{KNOWN, "calibration", "beam_energy_kev"}}, "The beam energy was {calibration@beam_energy_kev} keV."},
    {{{HAS, "calibration", "mask"}},
     "A sample of {calibration@n_sampled} patterns, spread over the scan, gave the pixels in use, the centre "
     "and its path, "
     "the annulus of the first ring and the noise of the camera."},
    {{{NO, "calibration", "noise.is_counting"}, {YES, "calibration", "noise.is_measured"}},
     "Gain ({calibration@noise.gain} recorded units per electron) and read-out noise "
     "({calibration@noise.read_noise} units) "
     "of the camera were measured from the recording itself."},
    {{{NO, "calibration", "noise.is_counting"}, {NO, "calibration", "noise.is_measured"}},
     "Gain ({calibration@noise.gain} recorded units per electron) and read-out noise "
     "({calibration@noise.read_noise} units) "
     "of the camera were given."},
    {{{YES, "calibration", "noise.is_counting"}}, "The camera counts electrons."},
    {{{KNOWN, "calibration", "k_step_inv_angstrom"}},
     "A pixel of the detector is {calibration@k_step_inv_angstrom} 1/Å wide, in <i>k</i> = 1/<i>d</i>."},
    {{{SET, "map", "k-scale"}},
     "This scale is that of a calibration stored before, <code>{map=k-scale}</code>."},
    {{{SET, "map", "ring-k"}}, "It was set by the known place of the ring, {map=ring-k} 1/Å."},
    {{{KNOWN, "calibration", "speckle.contrast"}},
     "The speckle of the glass has a normalised variance of {calibration@speckle.contrast} in the ring, "
     "grains of "
     "{calibration@speckle.grain_px} px and a correlation of {calibration@speckle.friedel} between opposite "
     "pixels; it is "
     "part of every error bar."},
};

static const statement ring[] = {
    {{{IS, "ring", "fit", "likelihood"}},
     "The first ring of every pattern was fitted as an ellipse by maximum likelihood. The model is the "
     "ring's own mean "
     "profile, shifted and deformed, over a smooth background that does not move with strain. Every bin "
     "weighs by the "
     "inverse of its whole variance: counts, camera and speckle. The covariance of the ellipse is a sandwich "
     "estimate "
     "[huber1967] with the measured autocorrelation of the residuals in its middle, that of opposite pixels "
     "included."},
    {{{IS, "ring", "fit", "sectors"}},
     "In each azimuthal sector of the ring's annulus the radius of the maximum was fitted by least squares "
     "with its error, "
     "and an ellipse was fitted to these radii, weighted by their errors; its covariance is enlarged where "
     "they scatter "
     "more than that."},
    {{{IS, "ring", "fit", "threshold"}},
     "The pixels of the annulus above a part of its maximum ({map=threshold}) were taken for the ring, and "
     "an ellipse was "
     "put through them by direct least squares [fitzgibbon1999,halir1998]."},
    {{{HAS, "ring", "flags"}},
     "Positions whose fit failed have no value and are grey in the maps; nothing was filled in."},
};

static const statement strain[] = {
    {{{ALWAYS}},
     "In-plane strain follows from the ring's ellipse [gammer2018,kang2023], for both directions and the "
     "shear at once, as a "
     "matrix; tension is positive."},
    {{{IS, "strain", "definition", "k0/k_i"}},
     "Along each principal direction it is <i>k</i><sub>0</sub>/<i>k</i> − 1, <i>k</i><sub>0</sub> being the "
     "radius of the "
     "ring without strain."},
    {{{IS, "strain", "definition", "(k0 - k_i)"}},
     "To first order, along each principal direction it is (<i>k</i><sub>0</sub> − "
     "<i>k</i>)/<i>k</i><sub>0</sub>, "
     "<i>k</i><sub>0</sub> being the radius of the ring without strain."},
    {{{YES, "strain", "reference_found"}},
     "Strain is relative to the most homogeneous region of the map, which the program found (rows from "
     "{strain@reference:0} to before {strain@reference:1}, columns from {strain@reference:2} to before "
     "{strain@reference:3}); its mean strain is zero by definition."},
    {{{NO, "strain", "reference_found"}},
     "Strain is relative to a region that was chosen (rows from {strain@reference:0} to before "
     "{strain@reference:1}, columns "
     "from {strain@reference:2} to before {strain@reference:3}); its mean strain is zero by definition."},
    {{{KNOWN, "strain", "reference_radius"}},
     "The mean ellipse of that region also gave the distortion by the lenses, which was taken out of every "
     "ring as a "
     "matrix."},
    {{{KNOWN, "strain", "k0"}}, "There <i>k</i><sub>0</sub> is {strain@k0} 1/Å."},
    {{{YES, "strain", "axis"}},
     "Tensors are given in a frame whose <i>x</i> is turned by {strain@axis}° from the rows of the scan "
     "towards its columns."},
    {{{NO, "strain", "axis"}}, "Tensors are given in the frame of the scan, <i>x</i> along its rows."},
    {{{YES, "strain", "mean"}}, "The volumetric strain is the mean of both principal strains."},
    {{{NO, "strain", "mean"}},
     "The volumetric strain is the sum of both principal strains, the in-plane trace."},
    {{{HAS, "strain", "density"}},
     "The change of density is that of the areal packing density from the area of the ring, 1 − "
     "<i>k</i><sub>0</sub>²/(<i>k</i><sub>max</sub> <i>k</i><sub>min</sub>)."},
    {{{KNOWN, "strain", "young_gpa"}, {KNOWN, "strain", "poisson"}},
     "The elastic energy density is that of plane stress, with a Young's modulus of {strain@young_gpa} GPa "
     "and a Poisson's "
     "ratio of {strain@poisson}."},
    {{{HAS, "strain", "energy"}, {UNKNOWN, "strain", "young_gpa"}},
     "The strain energy is (<i>e</i><sub>1</sub> + <i>e</i><sub>2</sub>)²/2, without elastic constants."},
    {{{HAS, "strain", "exx_errors"}},
     "Standard deviations of all these follow from the covariances of the fitted ellipses and of the "
     "reference."},
};

static const statement bands[] = {
    {{{ALWAYS}},
     "Shear bands were looked for as straight lines across which the strain has an antisymmetric step, in "
     "all directions and "
     "places at once, with thresholds for {bands@false_alarms} false alarms in a map without bands. Angle, "
     "place, width, "
     "step and decay lengths were fitted by least squares to the trace and both parts of the deviator; "
     "errors are enlarged by "
     "the random strain of the matrix, which is correlated."},
    {{{YES, "bands", "count"}}, "{bands@count} were found."},
    {{{NO, "bands", "count"}}, "None was found."},
};

static const statement inclusions[] = {
    {{{ALWAYS}},
     "Inclusions were looked for with the strain of a cylindrical Eshelby inclusion "
     "[eshelby1957,dasgupta2013] in plane "
     "strain, in all components of the strain at once, with a threshold for {inclusions@false_alarms} false "
     "alarms, and "
     "fitted by generalised least squares with the correlated random strain of the matrix as noise."},
    {{{KNOWN, "inclusions", "poisson"}}, "Poisson's ratio was {inclusions@poisson}."},
    {{{IS, "inclusions", "core", "hard"}}, "The eigenstrain is alike up to the radius of the core."},
    {{{IS, "inclusions", "core", "gaussian"}}, "The eigenstrain falls off as a Gaussian."},
    {{{YES, "inclusions", "count"}}, "{inclusions@count} were found."},
    {{{NO, "inclusions", "count"}}, "None was found."},
};

static const statement pdf[] = {
    {{{ALWAYS}},
     "Pair distribution functions were computed from the azimuthal mean of every pattern [mu2016], its own "
     "centre and "
     "ellipticity taken out, for the composition {pdf@composition} (at.%)."},
    {{{SET, "pdf", "factors", "lobato"}},
     "Electron scattering factors are those of Lobato and Van Dyck [lobato2014]."},
    {{{SET, "pdf", "factors", "kirkland"}},
     "Electron scattering factors are those of Kirkland [kirkland2010]."},
    {{{SET, "pdf", "factors", "mott-bethe"}},
     "Electron scattering factors follow from X-ray form factors by the formula of Mott and Bethe."},
    {{{ALWAYS}}, "The structure factor is that of Faber and Ziman [faber1965]."},
    {{{IS, "pdf", "scale_from", "the given density"}},
     "The scale was set by the number density, {pdf@density} atoms/Å³: below the first neighbours "
     "<i>G</i>(<i>r</i>) is "
     "−4π<i>ρ</i><sub>0</sub><i>r</i>."},
    {{{IS, "pdf", "scale_from", "least squares"}},
     "The scale was fitted by least squares to the atoms' own scattering over <i>Q</i> from "
     "{pdf@fit_range:0} to "
     "{pdf@fit_range:1} 1/Å. A background in proportion to that scattering cannot be told from it."},
    {{{IS, "pdf", "scale_from", "given"}}, "The scale was given ({pdf@scale:0})."},
    {{{IS, "pdf", "scale_from", "the intensity"}}, "The scale was set by the intensity at one <i>Q</i>."},
    {{{YES, "pdf", "background_terms"}, {SET, "pdf", "plain-polynomial", "no"}},
     "Plural and inelastic scattering was taken out as a polynomial of {pdf@background_terms} terms, fitted "
     "together with "
     "what the structure leaves free and with the line below the first neighbours held."},
    {{{YES, "pdf", "background_terms"}, {SET, "pdf", "plain-polynomial", "yes"}},
     "A polynomial of {pdf@background_terms} terms was fitted to all of <i>F</i>(<i>Q</i>) and taken out "
     "[juhas2013]."},
    {{{NO, "pdf", "background_terms"}}, "No background polynomial was taken out."},
    {{{SET, "pdf", "equal-sizes", "yes"}},
     "All pairs of elements were taken to have one <i>g</i>(<i>r</i>)."},
    {{{IS, "pdf", "convention", "G(r)"}},
     "<i>G</i>(<i>r</i>) = (2/π) ∫ <i>Q</i> (<i>S</i> − 1) sin <i>Qr</i> d<i>Q</i> = "
     "4π<i>rρ</i><sub>0</sub>(<i>g</i> − 1), with "
     "<i>Q</i> = 2π/<i>d</i> from {pdf@qmin} to {pdf@qmax} 1/Å."},
    {{{IS, "pdf", "convention", "Int"}},
     "The transform is the relative integral of (<i>S</i> − 1) sin 2π<i>kr</i> over <i>k</i> = <i>Q</i>/2π, "
     "with <i>Q</i> from "
     "{pdf@qmin} to {pdf@qmax} 1/Å."},
    {{{IS, "pdf", "window", "none"}}, "No window was applied."},
    {{{IS, "pdf", "window", "lorch"}}, "Lorch's window [lorch1969] was applied."},
    {{{IS, "pdf", "window", "gaussian"}}, "A Gaussian window was applied (width {pdf@window_width} 1/Å)."},
    {{{IS, "pdf", "window", "exponential"}},
     "An exponential window was applied (width {pdf@window_width} Å²)."},
    {{{IS, "pdf", "window", "cosine"}}, "A cosine window was applied (from {pdf@window_width} 1/Å)."},
    {{{HAS, "pdf", "G_errors"}},
     "Error bars are propagated through all steps, with those of scale and background and the correlation of "
     "neighbouring "
     "samples in them."},
    {{{HAS, "pdf", "nearest"}},
     "Distance, height and width of a shell are those of a Gaussian fitted to <i>G</i>(<i>r</i>)."},
    {{{HAS, "pdf/strain", "exx"}},
     "The strain of the first shell follows from its distance in azimuthal sectors [poulsen2005], relative "
     "to "
     "{pdf/strain@reference}."},
    {{{HAS, "pdf/strain", "exx"}, {KNOWN, "pdf/strain", "error_factor"}},
     "It was compared with that of the ring by a straight line with errors in both [york2004]."},
};

static const statement phases[] = {
    {{{IS, "phases", "method", "nmf"}},
     "The cube of {phases@on} was read as a mixture of a few structures by non-negative matrix factorisation "
     "[lee1999,berry2007]; the weights of a position sum to one, and a fraction is their mean."},
    {{{IS, "phases", "method", "pca"}},
     "The cube of {phases@on} was divided into principal components, weighted by its noise."},
    {{{IS, "phases", "method", "ica"}},
     "The cube of {phases@on} was divided into independent components [hyvarinen1999]."},
    {{{IS, "phases", "method", "mlls"}},
     "Every position of {phases@on} was fitted by given references, by linear least squares weighted with "
     "its variance."},
    {{{IS, "phases", "principle", "smallest volume"}},
     "Many mixtures fit alike. The one chosen has its structures as near to each other as the positions "
     "without their noise "
     "allow: the smallest volume. The ranges of the fractions are what the data leave open."},
    {{{IS, "phases", "principle", "nearly pure"}},
     "Many mixtures fit alike. The one chosen has its structures at nearly pure positions, found by "
     "successive projection "
     "[araujo2001]. The ranges of the fractions are what the data leave open."},
    {{{IS, "phases", "principle", "none: the best"}},
     "Many mixtures fit alike. No principle chose among them: it is the best fit of several random starts."},
    {{{HAS, "phases", "length"}},
     "Correlation lengths are where the autocorrelation of a map, its noise taken out, falls to 1/e."},
};

static const statement magnetic[] = {
    {{{IS, "magnetic", "definition", "deflection = (e lambda"}},
     "The induction follows from the deflection of the direct beam by the Lorentz force [chapman1984], "
     "<i>β</i> = (<i>eλt</i>/<i>h</i>) (<i>B</i><sub>y</sub>, −<i>B</i><sub>x</sub>)."},
    {{{IS, "magnetic", "definition", "deflection = -e"}},
     "The electric field follows from the deflection of the direct beam, <i>β</i> = −<i>eλt</i>/(<i>hv</i>) "
     "<i>E</i>."},
    {{{IS, "beam", "method", "centre of mass"}}, "The beam's position is its centre of mass."},
    {{{IS, "beam", "method", "edge"}},
     "The beam's position is that of the edge of its disc, by maximum likelihood."},
    {{{IS, "beam", "method", "correlation"}},
     "The beam's position is where the recording's own mean disc fits best, by maximum likelihood."},
    {{{IS, "magnetic", "descan", "the vacuum"}},
     "The path of the beam over a vacuum recording of the same field was taken out."},
    {{{IS, "magnetic", "descan", "c ="}, {YES, "magnetic", "descan_is_whole_map"}},
     "A surface fitted to the whole map was taken out; the mean field, and its gradients as far as the "
     "surface has them, are "
     "zero by that."},
    {{{IS, "magnetic", "descan", "c ="}, {NO, "magnetic", "descan_is_whole_map"}},
     "A surface fitted to regions of the map was taken out, in which the mean field is zero by that."},
    {{{IS, "magnetic", "thickness", ""}, {HAS, "magnetic", "Bx"}},
     "The thickness was {magnetic@thickness} (nm, or a map of it)."},
    {{{HAS, "magnetic", "Btx"}}, "Without a thickness the result is the induction times the thickness."},
    {{{HAS, "magnetic", "sigma1"}},
     "Stresses are those of an isotropic plate in plane stress (Young's modulus {magnetic@young_gpa} GPa, "
     "Poisson's ratio "
     "{magnetic@poisson})."},
    {{{HAS, "magnetic", "energy"}, {KNOWN, "magnetic", "magnetostriction_ppm"}},
     "The magnetoelastic energy density is −(3/2) <i>λ</i><sub>s</sub> Σ <i>σ</i><sub>i</sub> "
     "<i>γ</i><sub>i</sub>² "
     "[cullity2009], <i>σ</i><sub>i</sub> the principal stresses, <i>γ</i><sub>i</sub> the cosines between "
     "them and the field, "
     "<i>λ</i><sub>s</sub> = {magnetic@magnetostriction_ppm}·10⁻⁶."},
    {{{HAS, "magnetic", "wall"}},
     "Domain walls are where the field, smoothed over {magnetic@wall_scale_nm} nm, changes fastest along its "
     "change "
     "[canny1986], more than noise reaches anywhere in the map with a chance of "
     "{magnetic@wall_significance}, and turns by at "
     "least {magnetic@wall_angle}°."},
};

static const topic topics[] = {
    {"Recording and calibration", {ALWAYS}, COUNT(recording)},
    {"Ring", {HAS, "ring", NULL}, COUNT(ring)},
    {"Strain", {HAS, "strain", NULL}, COUNT(strain)},
    {"Shear bands", {HAS, "bands", NULL}, COUNT(bands)},
    {"Inclusions", {HAS, "inclusions", NULL}, COUNT(inclusions)},
    {"Pair distribution functions", {HAS, "pdf", NULL}, COUNT(pdf)},
    {"Phases", {HAS, "phases", NULL}, COUNT(phases)},
    {"Induction", {HAS, "magnetic", NULL}, COUNT(magnetic)},
};

/* --- choosing ------------------------------------------------------------------------------------------------ */

static bool begins(const char *text, const char *begin)
{
    return text != NULL && (begin[0] == '\0' ? text[0] != '\0' : strncmp(text, begin, strlen(begin)) == 0);
}

static bool holds(const cli_report_job *r, const condition *c)
{
    double value = 0;
    char setting[512];
    bool is_number = c->kind >= YES && c->kind <= UNKNOWN &&
                     vtr_mapfile_read_numbers(r->file, c->group, NULL, c->name, 1, &value, NULL) == VTR_OK;
    switch (c->kind) {
    case ALWAYS:
        return true;
    case HAS:
        return vtr_mapfile_has(r->file, c->group, c->name);
    case LACKS:
        return !vtr_mapfile_has(r->file, c->group, c->name);
    case YES:
        return is_number && isfinite(value) && value != 0;
    case NO:
        return is_number && value == 0;
    case KNOWN:
        return is_number && isfinite(value);
    case UNKNOWN:
        return is_number && !isfinite(value);
    case SET:
        if (!cli_read_setting(r->file, c->group, c->name, setting, sizeof setting)) return false;
        return c->value == NULL ? strcmp(setting, "none") != 0 && strcmp(setting, "nan") != 0
                                : strcmp(setting, c->value) == 0;
    default:
        break;
    }
    char *text = cli_read_text(r->file, c->group, NULL, c->name);
    bool is_so = begins(text, c->value);
    free(text);
    return is_so;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

/* The references in the order in which the text first names them. */
typedef struct cited {
    size_t n, place[64]; /* in the table */
} cited;

static size_t cite(cited *c, const char *key, size_t length)
{
    size_t place = cli_reference_find(key, length);
    for (size_t i = 0; i < c->n; i++)
        if (c->place[i] == place) return i + 1;
    if (place == cli_n_references || c->n == sizeof c->place / sizeof *c->place) return 0;
    c->place[c->n++] = place;
    return c->n;
}

/* "[key,key]" as links to the list. */
static void put_citation(const cli_report_job *r, cited *c, const char *keys, size_t length)
{
    fputc('[', r->out);
    for (const char *end = keys + length; keys < end;) {
        size_t n = strcspn(keys, ",]");
        size_t number = cite(c, keys, n);
        fprintf(r->out, "<a href=\"#%sreference-%zu\">%zu</a>", r->prefix, number, number);
        keys += n;
        if (*keys == ',') fputs(", ", r->out);
        keys++;
    }
    fputc(']', r->out);
}

/* "group@attribute:index*factor" or "step=setting". */
static void put_value(const cli_report_job *r, const char *token, size_t length)
{
    char place[128], setting[512];
    snprintf(place, sizeof place, "%.*s", (int)length, token);
    char *at = strchr(place, '@'), *equals = strchr(place, '=');
    if (at == NULL && equals != NULL) {
        *equals = '\0';
        cli_read_setting(r->file, place, equals + 1, setting, sizeof setting);
        cli_page_text(r->out, setting);
        return;
    }
    if (at == NULL) return;
    *at++ = '\0';
    char *star = strchr(at, '*'), *colon = strchr(at, ':');
    if (star != NULL) *star++ = '\0';
    if (colon != NULL) *colon++ = '\0';
    double values[4], factor = star != NULL ? strtod(star, NULL) : 1;
    cli_source source = {.group = place,
                         .attribute = at,
                         .factor = factor,
                         .index = colon != NULL ? strtoul(colon, NULL, 10) : 0};
    char *text = cli_read_text(r->file, place, NULL, at);
    if (text != NULL) {
        source.take = "text";
        cli_page_open(r->out, "span", NULL, &source);
        cli_page_text(r->out, text);
        fputs("</span>", r->out);
    } else {
        bool is_read = false;
        for (size_t n = source.index + 1; n <= 4 && !is_read; n++)
            is_read = vtr_mapfile_read_numbers(r->file, place, NULL, at, n, values, NULL) == VTR_OK;
        cli_page_value(r->out, "span", is_read ? factor * values[source.index] : NAN, -1, &source);
    }
    free(text);
}

static void put_statement(const cli_report_job *r, cited *c, const char *text)
{
    for (; *text != '\0'; text++) {
        size_t length = strcspn(text, *text == '{' ? "}" : "]");
        if (*text == '{') {
            put_value(r, text + 1, length - 1);
            text += length;
        } else if (*text == '[') {
            put_citation(r, c, text + 1, length - 1);
            text += length;
        } else {
            fputc(*text, r->out);
        }
    }
}

static void put_topic(const cli_report_job *r, cited *c, const topic *t)
{
    fprintf(r->out, "<h3>%s</h3>\n<p>", t->title);
    bool is_first = true;
    for (size_t i = 0; i < t->n; i++) {
        const statement *s = &t->statements[i];
        if (!holds(r, &s->when[0]) || !holds(r, &s->when[1])) continue;
        if (!is_first) fputc('\n', r->out);
        is_first = false;
        put_statement(r, c, s->text);
    }
    fputs("</p>\n", r->out);
}

void cli_report_methods(const cli_report_job *r)
{
    cited c = {0};
    cli_report_start(r, "methods", "Methods, for a paper");
    fputs("<p class=\"soft\">Put together from what the map file says about itself; every sentence holds for "
          "this file. "
          "Add what it cannot know: specimen, microscope, camera.</p>\n",
          r->out);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (holds(r, &topics[i].when)) put_topic(r, &c, &topics[i]);
    fputs("<h3>References</h3>\n<ol class=\"references\">\n", r->out);
    for (size_t i = 0; i < c.n; i++)
        fprintf(r->out, "<li id=\"%sreference-%zu\">%s%s%s.</li>\n", r->prefix, i + 1,
                cli_references[c.place[i]].text, c.place[i] == 0 ? ", version " : "",
                c.place[i] == 0 ? vtr_version() : "");
    fputs("</ol>\n<h3>The references in BibTeX</h3>\n<pre class=\"bibtex\">", r->out);
    for (size_t i = 0; i < c.n; i++)
        cli_reference_put_bibtex(r->out, &cli_references[c.place[i]]);
    fputs("</pre>\n", r->out);
    cli_report_end(r);
}
