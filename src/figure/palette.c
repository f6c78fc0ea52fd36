/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Palettes as curves through a few colours in OKLab, where equal distances look equal.
 *
 * OKLab: B. Ottosson, "A perceptual color space for image processing" (2020),
 * https://bottosson.github.io/posts/oklab. viridis, magma: S. van der Walt & N. Smith, matplotlib (2015),
 * released into the public domain (CC0). cividis: J. R. Nuñez, C. R. Anderton & R. S. Renslow, PLoS ONE 13,
 * e0199239 (2018). Their colours at equal steps are the points here. Diverging palette and wheel are this
 * project's own. */
#include <math.h>

#include "figure/figure_internal.h"
#include "vitrail/constants.h"

typedef struct lab {
    double l, a, b;
} lab;

static double to_linear(unsigned char channel)
{
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static unsigned char to_byte(double linear)
{
    double c = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return (unsigned char)lround(255 * fmin(fmax(c, 0), 1));
}

static lab lab_of_rgb(const unsigned char rgb[3])
{
    double r = to_linear(rgb[0]), g = to_linear(rgb[1]), b = to_linear(rgb[2]);
    double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return (lab){0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
                 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
                 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

static void rgb_of_lab(unsigned char rgb[3], lab c)
{
    double l = c.l + 0.3963377774 * c.a + 0.2158037573 * c.b;
    double m = c.l - 0.1055613458 * c.a - 0.0638541728 * c.b;
    double s = c.l - 0.0894841775 * c.a - 1.2914855480 * c.b;
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    rgb[0] = to_byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    rgb[1] = to_byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    rgb[2] = to_byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

static const unsigned char viridis[][3] = {{68, 1, 84},    {72, 36, 117},  {65, 68, 135},  {53, 95, 141},
                                           {42, 120, 142}, {33, 145, 140}, {34, 168, 132}, {68, 191, 112},
                                           {122, 209, 81}, {189, 223, 38}, {253, 231, 37}};
static const unsigned char cividis[][3] = {{0, 34, 78},     {18, 53, 112},   {59, 73, 108},   {87, 93, 109},
                                           {112, 113, 115}, {138, 134, 120}, {165, 156, 116}, {195, 179, 105},
                                           {225, 204, 85},  {254, 232, 56}};
static const unsigned char magma[][3] = {{0, 0, 4},       {20, 14, 54},    {59, 15, 112},  {100, 26, 128},
                                         {140, 41, 129},  {183, 55, 121},  {222, 73, 104}, {247, 112, 92},
                                         {254, 159, 109}, {254, 207, 146}, {252, 253, 191}};

/* M. Okabe & K. Ito, "Color universal design" (2008): told apart in every colour vision deficiency; in an
 * order of contrast on white. */
const unsigned char vtr_line_rgb[VTR_LINE_COLOURS][3] = {
    {0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {230, 159, 0}, {86, 180, 233}, {60, 60, 60}};

void vtr_mixed_colour(unsigned char rgb[3], size_t n, const double *weights)
{
    lab sum = {0, 0, 0};
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += fmax(weights[i], 0);
    for (size_t i = 0; i < n && total > 0; i++) {
        lab c = lab_of_rgb(vtr_line_rgb[i % VTR_LINE_COLOURS]);
        double w = fmax(weights[i], 0) / total;
        sum.l += w * c.l;
        sum.a += w * c.a;
        sum.b += w * c.b;
    }
    rgb_of_lab(rgb, sum);
}

/* Piecewise linear in OKLab. */
static void through_points(unsigned char rgb[3], const unsigned char (*points)[3], int n, double t)
{
    double place = t * (n - 1);
    int i = place >= n - 1 ? n - 2 : (int)place;
    double w = place - i;
    lab p = lab_of_rgb(points[i]), q = lab_of_rgb(points[i + 1]);
    rgb_of_lab(rgb, (lab){p.l + w * (q.l - p.l), p.a + w * (q.a - p.a), p.b + w * (q.b - p.b)});
}

/* Both arms have the same lightness and chroma, so that +s and -s weigh the same to the eye; blue and
 * orange-red are told apart in every common colour vision deficiency. */
static void diverging(unsigned char rgb[3], double t)
{
    static const double lightness[] = {0.975, 0.865, 0.735, 0.575, 0.390},
                        chroma[] = {0, 0.055, 0.110, 0.150, 0.125};
    static const double blue_degrees[] = {245, 245, 250, 256, 262}, red_degrees[] = {55, 52, 42, 30, 24};
    double place = 4 * fabs(2 * t - 1);
    int i = place >= 4 ? 3 : (int)place;
    double w = place - i;
    const double *hue = t < 0.5 ? blue_degrees : red_degrees;
    double h = VTR_RADIANS_PER_DEGREE * (hue[i] + w * (hue[i + 1] - hue[i]));
    double c = chroma[i] + w * (chroma[i + 1] - chroma[i]);
    rgb_of_lab(rgb, (lab){lightness[i] + w * (lightness[i + 1] - lightness[i]), c * cos(h), c * sin(h)});
}

/* One lightness all around, so that brightness means amplitude alone. */
static void hue_colour(unsigned char rgb[3], double hue_rad, double amplitude)
{
    const double lightness = 0.75, chroma = 0.126, red_rad = 25 * VTR_RADIANS_PER_DEGREE;
    double h = red_rad + hue_rad;
    rgb_of_lab(rgb, (lab){lightness * amplitude, chroma * amplitude * cos(h), chroma * amplitude * sin(h)});
}

void vtr_palette_colour(unsigned char rgb[3], vtr_palette palette, double position)
{
    double t = fmin(fmax(position, 0), 1); /* NaN becomes 0 */
    switch (palette) {
    case VTR_PALETTE_DIVERGING:
        diverging(rgb, t);
        return;
    case VTR_PALETTE_CIVIDIS:
        through_points(rgb, cividis, (int)(sizeof cividis / sizeof *cividis), t);
        return;
    case VTR_PALETTE_MAGMA:
        through_points(rgb, magma, (int)(sizeof magma / sizeof *magma), t);
        return;
    case VTR_PALETTE_GREY:
        rgb_of_lab(rgb, (lab){t, 0, 0});
        return;
    case VTR_PALETTE_CYCLIC:
        hue_colour(rgb, 2 * VTR_PI * (isfinite(position) ? position - floor(position) : 0), 1);
        return;
    case VTR_PALETTE_VIRIDIS:
    case VTR_PALETTE_AUTO:
        break;
    }
    through_points(rgb, viridis, (int)(sizeof viridis / sizeof *viridis), t);
}

void vtr_wheel_colour(unsigned char rgb[3], double angle_rad, int fold, double amplitude)
{
    hue_colour(rgb, isfinite(angle_rad) ? fold * angle_rad : 0, fmin(fmax(amplitude, 0), 1));
}

double vtr_figure_lightness(const unsigned char rgb[3])
{
    return lab_of_rgb(rgb).l;
}
