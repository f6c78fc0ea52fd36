/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SCATTERING_H
#define VITRAIL_SCATTERING_H

/* Elements, compositions, and what their atoms scatter: electrons, X-rays, neutrons. Functions of a single
 * factor take k = 2 sin(theta)/lambda = 1/d, those of the pair distribution function (vtr_scatterer_...)
 * take Q = 2 pi k, both in 1/Å. The tables, their formulas and ranges: docs/methods/scattering.md. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

enum { VTR_COMPOSITION_MAX = 24 };

/* Deuterium, "D" in a composition: hydrogen to electrons and X-rays, with a weight and neutron lengths of its own. It
 * stands in vtr_composition and wherever the number of an element is taken. */
enum { VTR_DEUTERIUM = 2001 };

/* Atomic fractions; they add to 1. */
typedef struct vtr_composition {
    size_t n;
    int number[VTR_COMPOSITION_MAX]; /* atomic number Z */
    double fraction[VTR_COMPOSITION_MAX];
} vtr_composition;

/* Atomic number of a symbol such as "Fe" (1 to 103); 0 where there is none. */
VTR_API int vtr_element_number(const char *symbol);
/* Symbol of an atomic number ("D" of VTR_DEUTERIUM); NULL outside 1 to 103. */
VTR_API const char *vtr_element_symbol(int number);

/* Reads "Fe85.2Si0.5B9.5P4Cu0.8" (at.%, adding to 100 within 0.5), "Zr0.5Cu0.5" (fractions, adding to 1
 * within 0.005) or a formula unit of whole numbers, "SiO2" (adding to at most 30); an element without a
 * number counts 1. Brackets hold a list of their own: "[(Fe0.5Co0.5)0.75B0.25]96Nb4", "(Na2O)20(SiO2)80",
 * "Ca(OH)2"; with dashes the amounts come first: "20Na2O-10B2O3-70SiO2". In both, a formula unit counts in
 * moles, other lists in atoms. Spaces and underscores are skipped. VTR_ERR_ARGUMENT for an unknown
 * element, one named twice in a list, an amount that is not a positive number, or amounts that add to
 * something else. */
VTR_API vtr_status vtr_composition_parse(vtr_composition *composition, const char *text, vtr_error *err);

/* Writes a composition as vtr_composition_parse reads it, for headers: at.% where two decimals are enough
 * ("Fe85.2Si0.5B9.5P4Cu0.8"), else the formula unit ("Ta2O5"), else at.% with eight digits. Returns the
 * length that the text needs, like snprintf. */
VTR_API size_t vtr_composition_text(const vtr_composition *composition, char *text, size_t size);

/* Standard atomic weight in u (IUPAC; the longest-lived isotope where there is none); NAN outside 1 to
 * 103. */
VTR_API double vtr_atomic_weight(int number);
/* Mean atomic weight of a composition in u. */
VTR_API double vtr_composition_weight(const vtr_composition *composition);
/* Atoms per Å^3 of a mass density in g/cm^3, and back. */
VTR_API double vtr_number_density(const vtr_composition *composition, double g_per_cm3);
VTR_API double vtr_mass_density(const vtr_composition *composition, double atoms_per_cubic_angstrom);

typedef enum vtr_radiation {
    VTR_RADIATION_ELECTRON, /* factors in Å */
    VTR_RADIATION_XRAY,     /* factors in electrons */
    VTR_RADIATION_NEUTRON,  /* lengths in fm */
} vtr_radiation;

typedef enum vtr_electron_table {
    VTR_ELECTRON_LOBATO,     /* Lobato & Van Dyck (2014), Z 1 to 103, any k */
    VTR_ELECTRON_KIRKLAND,   /* Kirkland (2010), Z 1 to 103, k to 12 1/Å */
    VTR_ELECTRON_MOTT_BETHE, /* from the X-ray factors of Waasmaier & Kirfel, Z 1 to 98, k to 12 1/Å */
} vtr_electron_table;

typedef enum vtr_xray_table {
    VTR_XRAY_WAASMAIER,   /* Waasmaier & Kirfel (1995), Z 1 to 98, k to 12 1/Å */
    VTR_XRAY_CROMER_MANN, /* International Tables C, 6.1.1.4, Z 1 to 98, k to 4 1/Å */
    VTR_XRAY_XRAYLIB,     /* xraylib's FF_Rayl, Z 1 to 98 */
} vtr_xray_table;

typedef enum vtr_compton_table {
    VTR_COMPTON_HUBBELL, /* Hubbell et al. (1975), Z 1 to 100, Q to 88 1/Å */
    VTR_COMPTON_XRAYLIB, /* xraylib's SF_Compt, Z 1 to 98 */
    VTR_COMPTON_NONE,
} vtr_compton_table;

/* For parameter tables of type VTR_PARAMETER_CHOICE, in the order of the enumerations. */
#define VTR_RADIATION_CHOICES "electron|xray|neutron"
#define VTR_ELECTRON_TABLE_CHOICES "lobato|kirkland|mott-bethe"
#define VTR_XRAY_TABLE_CHOICES "waasmaier|cromer-mann|xraylib"
#define VTR_COMPTON_TABLE_CHOICES "hubbell|xraylib|none"

/* The name of a value as in the CHOICES above, and back: VTR_ERR_ARGUMENT for an unknown name, naming the
 * known ones. */
VTR_API const char *vtr_radiation_name(vtr_radiation radiation);
VTR_API vtr_status vtr_radiation_parse(vtr_radiation *radiation, const char *name, vtr_error *err);
VTR_API const char *vtr_electron_table_name(vtr_electron_table table);
VTR_API vtr_status vtr_electron_table_parse(vtr_electron_table *table, const char *name, vtr_error *err);
VTR_API const char *vtr_xray_table_name(vtr_xray_table table);
VTR_API vtr_status vtr_xray_table_parse(vtr_xray_table *table, const char *name, vtr_error *err);
VTR_API const char *vtr_compton_table_name(vtr_compton_table table);
VTR_API vtr_status vtr_compton_table_parse(vtr_compton_table *table, const char *name, vtr_error *err);

/* Electron scattering factor f_e(k) of the neutral atom in Å (Lobato & Van Dyck, Acta Cryst. A70, 636, 2014),
 * without the relativistic mass factor; NAN for a number outside 1 to 103. */
VTR_API double vtr_electron_factor(int number, double k_inv_angstrom);
/* The same from a table of choice; NAN for what the table does not hold. */
VTR_API double vtr_electron_factor_from(vtr_electron_table table, int number, double k_inv_angstrom);

/* X-ray form factor f0(k) of the neutral atom in electrons, without dispersion; NAN for what the table
 * does not hold. */
VTR_API double vtr_xray_factor(vtr_xray_table table, int number, double k_inv_angstrom);
/* Dispersion correction in electrons, f = f0 + f' + i f'' with f'' > 0 (xraylib). VTR_ERR_RANGE where
 * there is none for this element and energy. */
VTR_API vtr_status vtr_xray_dispersion(int number, double energy_kev, double *real, double *imaginary,
                                       vtr_error *err);
/* Incoherent (Compton) scattering S(k) of an atom in electrons, 0 to Z, without recoil factor; NAN for
 * what the table does not hold. */
VTR_API double vtr_compton_factor(vtr_compton_table table, int number, double k_inv_angstrom);
/* Breit-Dirac recoil factor (E'/E)^power of Compton scattering at this k: power 2 for a detector that counts
 * photons, 3 for one that adds up energy. NAN beyond back-scattering (k > 2/lambda). */
VTR_API double vtr_compton_recoil(double energy_kev, double k_inv_angstrom, int power);

/* Bound coherent scattering length of the natural element in fm (its real part) and cross-sections in
 * barn; NAN where the table has none. */
VTR_API double vtr_neutron_length_fm(int number);
VTR_API double vtr_neutron_coherent_barn(int number);
VTR_API double vtr_neutron_incoherent_barn(int number);
/* Coherent and incoherent together. */
VTR_API double vtr_neutron_total_barn(int number);
/* At 1.798 Å, proportional to the wavelength. */
VTR_API double vtr_neutron_absorption_barn(int number);

/* <f> in Å and <f^2> in Å^2 of a composition (electrons, Lobato); either pointer may be NULL. */
VTR_API void vtr_electron_averages(const vtr_composition *composition, double k_inv_angstrom, double *mean_f,
                                   double *mean_f2);

/* What to scatter with. Zeros are the defaults: electrons, Lobato. */
typedef struct vtr_scatterer_params {
    vtr_radiation radiation;
    vtr_electron_table electron_table;
    vtr_xray_table xray_table;
    vtr_compton_table compton_table;
    double energy_kev;    /* of X-rays; 0 = not known */
    bool with_dispersion; /* adds f' and f'' at that energy to the X-ray factors */
    int recoil_power;     /* of the Breit-Dirac factor on Compton scattering: 0 = none, 2 or 3 */
} vtr_scatterer_params;

/* A composition met by a radiation: made once, then read only (by any number of threads). Members are for
 * reading. */
typedef struct vtr_scatterer {
    vtr_composition composition;
    vtr_scatterer_params params;
    double max_Q_inv_angstrom; /* end of the tables in use; infinite for Lobato and neutrons */
    double dispersion_real[VTR_COMPOSITION_MAX];
    double dispersion_imaginary[VTR_COMPOSITION_MAX];
} vtr_scatterer;

/* `params` NULL: electrons, Lobato. VTR_ERR_NOT_FOUND where a table lacks an element (the message names it
 * and the tables that have it); VTR_ERR_ARGUMENT for dispersion or recoil without an energy; VTR_ERR_RANGE
 * for an energy without dispersion data. Nothing to release. */
VTR_API vtr_status vtr_scatterer_init(vtr_scatterer *scatterer, const vtr_composition *composition,
                                      const vtr_scatterer_params *params, vtr_error *err);

/* VTR_ERR_RANGE, with a sentence naming table and limit, where Q reaches beyond the tables. */
VTR_API vtr_status vtr_scatterer_check(const vtr_scatterer *scatterer, double max_Q_inv_angstrom,
                                       vtr_error *err);

/* The factor of each element of the composition, in its order: [n] real parts and [n] imaginary parts
 * (which may be NULL). NAN beyond max_Q_inv_angstrom. */
VTR_API void vtr_scatterer_factors(const vtr_scatterer *scatterer, double Q_inv_angstrom, double *real,
                                   double *imaginary);

/* Averages over the composition; any pointer may be NULL; NAN beyond max_Q_inv_angstrom.
 *
 *   mean_f      |<f>| with the sign of its real part      Å        electrons      fm
 *   mean_f2     <|f|^2>                                   Å^2      electrons^2    fm^2
 *   incoherent  adds to the intensity beside <|f|^2>      0        Compton        <sigma_inc> / (4 pi) in fm^2 */
VTR_API void vtr_scatterer_averages(const vtr_scatterer *scatterer, double Q_inv_angstrom, double *mean_f,
                                    double *mean_f2, double *incoherent);

/* Faber-Ziman weights of the unordered pairs of elements,
 *
 *   w_ij(Q) = (2 - delta_ij) c_i c_j Re(f_i f_j*) / |<f>|^2,
 *
 * in the order (0,0) (0,1) ... (0,n-1) (1,1) ...: n (n + 1) / 2 numbers that add to 1. */
VTR_API void vtr_scatterer_pair_weights(const vtr_scatterer *scatterer, double Q_inv_angstrom,
                                        double *weights);

VTR_END_DECLS

#endif
