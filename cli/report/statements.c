/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "statements.h"

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

static const statement energy[] = {
    {{{ALWAYS}},
     "The elastic energy of regions is that of plane stress (Young's modulus {energy@young_gpa} GPa, "
     "Poisson's ratio "
     "{energy@poisson}), summed over the film's thickness where it is given. What the noise of the strain "
     "adds to its "
     "squares was taken off."},
};

static const statement vortices[] = {
    {{{ALWAYS}},
     "Defects of the directions of strain were looked for as closed loops about which the principal "
     "directions, averaged "
     "over {vortices@smooth_nm} nm, turn by a multiple of half a turn, with a threshold for "
     "{vortices@false_alarms} false "
     "alarms in a map without any."},
    {{{YES, "vortices", "count"}}, "{vortices@count} were found."},
    {{{NO, "vortices", "count"}}, "None was found."},
};

static const statement series[] = {
    {{{ALWAYS}},
     "The recordings of one field were registered to the first by translation and rotation, from their maps. "
     "Contrast is the "
     "standard deviation of a map over the common area, smoothed over {series@smoothing_nm} nm, without that "
     "of its "
     "noise."},
};

static const statement comparison[] = {
    {{{ALWAYS}},
     "Mean <i>G</i>(<i>r</i>) of regions were compared over <i>r</i> from {pdf/comparison@range:0} to "
     "{pdf/comparison@range:1} Å. Neighbouring positions are alike, so errors come from the scatter of "
     "blocks of "
     "{pdf/comparison@block} × {pdf/comparison@block} positions, corrected for what blocks still share; the "
     "whole curves were "
     "compared by an <i>F</i> test [box1954,brunner1997], and probabilities of several comparisons corrected "
     "after Holm "
     "[holm1979]."},
};

const topic cli_report_topics[] = {
    {"Recording and calibration", {ALWAYS}, COUNT(recording)},
    {"Ring", {HAS, "ring", NULL}, COUNT(ring)},
    {"Strain", {HAS, "strain", NULL}, COUNT(strain)},
    {"Shear bands", {HAS, "bands", NULL}, COUNT(bands)},
    {"Inclusions", {HAS, "inclusions", NULL}, COUNT(inclusions)},
    {"Stored energy", {HAS, "energy", NULL}, COUNT(energy)},
    {"Defects of the directions", {HAS, "vortices", NULL}, COUNT(vortices)},
    {"Series", {HAS, "series", NULL}, COUNT(series)},
    {"Pair distribution functions", {HAS, "pdf", NULL}, COUNT(pdf)},
    {"Regions compared", {HAS, "pdf/comparison", NULL}, COUNT(comparison)},
    {"Phases", {HAS, "phases", NULL}, COUNT(phases)},
    {"Induction", {HAS, "magnetic", NULL}, COUNT(magnetic)},
};
const size_t cli_report_n_topics = sizeof cli_report_topics / sizeof *cli_report_topics;
