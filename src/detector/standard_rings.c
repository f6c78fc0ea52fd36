/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>

#include "vitrail/detector.h"

/* Rings of cubic crystals: k = sqrt(h^2 + k^2 + l^2) / a for the reflections that the lattice allows. Lattice
 * constants in Å at room temperature: silicon CODATA 2018; LaB6 NIST SRM 660c; CeO2 NIST SRM 674b; the others
 * the ICDD powder diffraction file (card numbers in the table). */
#define SQRT2 1.41421356237309505
#define SQRT3 1.73205080756887729
#define SQRT5 2.23606797749978970
#define SQRT6 2.44948974278317810
#define SQRT10 3.16227766016837933
#define SQRT11 3.31662479035539985
#define SQRT14 3.74165738677394139
#define SQRT19 4.35889894354067355

/* face-centred cubic, rock salt, fluorite: 111 200 220 311 222 400 331 420 422 333 */
#define FACE_CENTRED(a)                                                                                      \
    {                                                                                                        \
        SQRT3 / (a), 2 / (a), 2 * SQRT2 / (a), SQRT11 / (a), 2 * SQRT3 / (a), 4 / (a), SQRT19 / (a),         \
            2 * SQRT5 / (a), 2 * SQRT6 / (a), 3 * SQRT3 / (a)                                                \
    }
/* diamond: 111 220 311 400 331 422 333 440 */
#define DIAMOND(a)                                                                                           \
    {                                                                                                        \
        SQRT3 / (a), 2 * SQRT2 / (a), SQRT11 / (a), 4 / (a), SQRT19 / (a), 2 * SQRT6 / (a), 3 * SQRT3 / (a), \
            4 * SQRT2 / (a)                                                                                  \
    }
/* body-centred cubic: 110 200 211 220 310 222 321 400 */
#define BODY_CENTRED(a)                                                                                      \
    {                                                                                                        \
        SQRT2 / (a), 2 / (a), SQRT6 / (a), 2 * SQRT2 / (a), SQRT10 / (a), 2 * SQRT3 / (a), SQRT14 / (a),     \
            4 / (a)                                                                                          \
    }
/* primitive cubic: 100 110 111 200 210 211 220 300 */
#define PRIMITIVE(a)                                                                                         \
    {                                                                                                        \
        1 / (a), SQRT2 / (a), SQRT3 / (a), 2 / (a), SQRT5 / (a), SQRT6 / (a), 2 * SQRT2 / (a), 3 / (a)       \
    }

static const double gold[] = FACE_CENTRED(4.0786);      /* 00-004-0784 */
static const double aluminium[] = FACE_CENTRED(4.0494); /* 00-004-0787 */
static const double silver[] = FACE_CENTRED(4.0862);    /* 00-004-0783 */
static const double platinum[] = FACE_CENTRED(3.9231);  /* 00-004-0802 */
static const double copper[] = FACE_CENTRED(3.6150);    /* 00-004-0836 */
static const double nickel[] = FACE_CENTRED(3.5238);    /* 00-004-0850 */
static const double palladium[] = FACE_CENTRED(3.8898); /* 00-005-0681 */
static const double magnesia[] = FACE_CENTRED(4.2112);  /* 00-045-0946 */
static const double salt[] = FACE_CENTRED(5.6402);      /* 00-005-0628 */
static const double ceria[] = FACE_CENTRED(5.411651);   /* SRM 674b */
static const double silicon[] = DIAMOND(5.431020511);   /* CODATA 2018 */
static const double germanium[] = DIAMOND(5.6576);      /* 00-004-0545 */
static const double iron[] = BODY_CENTRED(2.8664);      /* 00-006-0696 */
static const double hexaboride[] = PRIMITIVE(4.156826); /* SRM 660c */
static const double thallous[] = PRIMITIVE(3.8420);     /* 00-006-0486 */

#define RINGS(of) of, sizeof(of) / sizeof *(of)
static const struct standard {
    const char *name, *symbol;
    const double *rings;
    size_t n;
} standards[] = {
    {"gold", "Au", RINGS(gold)},
    {"aluminium", "Al", RINGS(aluminium)},
    {"aluminum", "Al", RINGS(aluminium)},
    {"silicon", "Si", RINGS(silicon)},
    {"silver", "Ag", RINGS(silver)},
    {"platinum", "Pt", RINGS(platinum)},
    {"copper", "Cu", RINGS(copper)},
    {"nickel", "Ni", RINGS(nickel)},
    {"palladium", "Pd", RINGS(palladium)},
    {"germanium", "Ge", RINGS(germanium)},
    {"iron", "Fe", RINGS(iron)},
    {"magnesia", "MgO", RINGS(magnesia)},
    {"salt", "NaCl", RINGS(salt)},
    {"ceria", "CeO2", RINGS(ceria)},
    {"lanthanum hexaboride", "LaB6", RINGS(hexaboride)},
    {"thallium chloride", "TlCl", RINGS(thallous)},
};

const double *vtr_standard_rings(const char *name, size_t *n)
{
    if (n) *n = 0;
    if (!name) return NULL;
    for (size_t i = 0; i < sizeof standards / sizeof *standards; i++) {
        if (strcasecmp(name, standards[i].name) != 0 && strcmp(name, standards[i].symbol) != 0) continue;
        if (n) *n = standards[i].n;
        return standards[i].rings;
    }
    return NULL;
}
