/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "references.h"

#include <string.h>

#include "page.h"
#include "vitrail/api.h"

const cli_reference cli_references[] = {
    {"vitrail", "Vitrail: maps of strain, density and structure from 4D-STEM recordings of glasses (program)",
     "@software\n  title = {Vitrail: maps of strain, density and structure from 4D-STEM recordings of "
     "glasses}\n"
     "  author = {{The Vitrail developers}}"},
    {"huber1967",
     "P. J. Huber, The behavior of maximum likelihood estimates under nonstandard conditions, Proc. Fifth "
     "Berkeley Symp. "
     "Math. Stat. Prob. <b>1</b>, 221–233 (1967)",
     "@inproceedings\n  author = {Huber, P. J.}\n"
     "  title = {The behavior of maximum likelihood estimates under nonstandard conditions}\n"
     "  booktitle = {Proceedings of the Fifth Berkeley Symposium on Mathematical Statistics and "
     "Probability}\n"
     "  volume = {1}\n  pages = {221--233}\n  year = {1967}"},
    {"box1954",
     "G. E. P. Box, Some theorems on quadratic forms applied in the study of analysis of variance problems, "
     "I, Ann. Math. "
     "Statist. <b>25</b>, 290–302 (1954), doi:10.1214/aoms/1177728786",
     "@article\n  author = {Box, G. E. P.}\n"
     "  title = {Some theorems on quadratic forms applied in the study of analysis of variance problems, "
     "{I}}\n"
     "  journal = {Annals of Mathematical Statistics}\n  volume = {25}\n  pages = {290--302}\n  year = "
     "{1954}\n"
     "  doi = {10.1214/aoms/1177728786}"},
    {"brunner1997",
     "E. Brunner, H. Dette, A. Munk, Box-type approximations in nonparametric factorial designs, J. Am. "
     "Stat. Assoc. "
     "<b>92</b>, 1494–1502 (1997), doi:10.1080/01621459.1997.10473671",
     "@article\n  author = {Brunner, E. and Dette, H. and Munk, A.}\n"
     "  title = {Box-type approximations in nonparametric factorial designs}\n"
     "  journal = {Journal of the American Statistical Association}\n  volume = {92}\n  pages = "
     "{1494--1502}\n"
     "  year = {1997}\n  doi = {10.1080/01621459.1997.10473671}"},
    {"holm1979",
     "S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Stat. <b>6</b>, 65–70 "
     "(1979)",
     "@article\n  author = {Holm, S.}\n"
     "  title = {A simple sequentially rejective multiple test procedure}\n"
     "  journal = {Scandinavian Journal of Statistics}\n  volume = {6}\n  pages = {65--70}\n  year = {1979}"},
    {"fitzgibbon1999",
     "A. Fitzgibbon, M. Pilu, R. B. Fisher, Direct least square fitting of ellipses, IEEE Trans. Pattern "
     "Anal. Mach. "
     "Intell. <b>21</b>, 476–480 (1999), doi:10.1109/34.765658",
     "@article\n  author = {Fitzgibbon, A. and Pilu, M. and Fisher, R. B.}\n"
     "  title = {Direct least square fitting of ellipses}\n"
     "  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence}\n  volume = {21}\n"
     "  pages = {476--480}\n  year = {1999}\n  doi = {10.1109/34.765658}"},
    {"halir1998",
     "R. Halíř, J. Flusser, Numerically stable direct least squares fitting of ellipses, Proc. WSCG, 125–132 "
     "(1998)",
     "@inproceedings\n  author = {Hal{\\'\\i}{\\v{r}}, R. and Flusser, J.}\n"
     "  title = {Numerically stable direct least squares fitting of ellipses}\n  booktitle = {Proceedings of "
     "WSCG}\n"
     "  pages = {125--132}\n  year = {1998}"},
    {"gammer2018",
     "C. Gammer, C. Ophus, T. C. Pekin, J. Eckert, A. M. Minor, Local nanoscale strain mapping of a metallic "
     "glass during "
     "in situ testing, Appl. Phys. Lett. <b>112</b>, 171905 (2018), doi:10.1063/1.5025686",
     "@article\n  author = {Gammer, C. and Ophus, C. and Pekin, T. C. and Eckert, J. and Minor, A. M.}\n"
     "  title = {Local nanoscale strain mapping of a metallic glass during in situ testing}\n"
     "  journal = {Applied Physics Letters}\n  volume = {112}\n  pages = {171905}\n  year = {2018}\n"
     "  doi = {10.1063/1.5025686}"},
    {"kang2023",
     "S. Kang, D. Wang, A. Caron, C. Minnert, K. Durst, C. Kübel, X. Mu, Direct observation of quadrupolar "
     "strain fields "
     "forming a shear band in metallic glasses, Adv. Mater. <b>35</b>, 2212086 (2023), "
     "doi:10.1002/adma.202212086",
     "@article\n  author = {Kang, S. and Wang, D. and Caron, A. and Minnert, C. and Durst, K. and "
     "K{\\\"u}bel, C. and "
     "Mu, X.}\n  title = {Direct observation of quadrupolar strain fields forming a shear band in metallic "
     "glasses}\n"
     "  journal = {Advanced Materials}\n  volume = {35}\n  pages = {2212086}\n  year = {2023}\n"
     "  doi = {10.1002/adma.202212086}"},
    {"eshelby1957",
     "J. D. Eshelby, The determination of the elastic field of an ellipsoidal inclusion, and related "
     "problems, Proc. R. Soc. "
     "Lond. A <b>241</b>, 376–396 (1957), doi:10.1098/rspa.1957.0133",
     "@article\n  author = {Eshelby, J. D.}\n"
     "  title = {The determination of the elastic field of an ellipsoidal inclusion, and related problems}\n"
     "  journal = {Proceedings of the Royal Society of London A}\n  volume = {241}\n  pages = {376--396}\n"
     "  year = {1957}\n  doi = {10.1098/rspa.1957.0133}"},
    {"dasgupta2013",
     "R. Dasgupta, H. G. E. Hentschel, I. Procaccia, Yield strain in shear banding amorphous solids, Phys. "
     "Rev. E "
     "<b>87</b>, 022810 (2013), doi:10.1103/PhysRevE.87.022810",
     "@article\n  author = {Dasgupta, R. and Hentschel, H. G. E. and Procaccia, I.}\n"
     "  title = {Yield strain in shear banding amorphous solids}\n  journal = {Physical Review E}\n  volume "
     "= {87}\n"
     "  pages = {022810}\n  year = {2013}\n  doi = {10.1103/PhysRevE.87.022810}"},
    {"mu2016",
     "X. Mu, D. Wang, T. Feng, C. Kübel, Radial distribution function imaging by STEM diffraction: phase "
     "mapping and "
     "analysis of heterogeneous nanostructured glasses, Ultramicroscopy <b>168</b>, 1–6 (2016), "
     "doi:10.1016/j.ultramic.2016.05.009",
     "@article\n  author = {Mu, X. and Wang, D. and Feng, T. and K{\\\"u}bel, C.}\n"
     "  title = {Radial distribution function imaging by STEM diffraction: Phase mapping and analysis of "
     "heterogeneous "
     "nanostructured glasses}\n  journal = {Ultramicroscopy}\n  volume = {168}\n  pages = {1--6}\n  year = "
     "{2016}\n"
     "  doi = {10.1016/j.ultramic.2016.05.009}"},
    {"lobato2014",
     "I. Lobato, D. Van Dyck, An accurate parameterization for scattering factors, electron densities and "
     "electrostatic "
     "potentials for neutral atoms that obey all physical constraints, Acta Cryst. A <b>70</b>, 636–649 "
     "(2014), "
     "doi:10.1107/S205327331401643X",
     "@article\n  author = {Lobato, I. and Van Dyck, D.}\n"
     "  title = {An accurate parameterization for scattering factors, electron densities and electrostatic "
     "potentials for "
     "neutral atoms that obey all physical constraints}\n  journal = {Acta Crystallographica A}\n  volume = "
     "{70}\n"
     "  pages = {636--649}\n  year = {2014}\n  doi = {10.1107/S205327331401643X}"},
    {"kirkland2010",
     "E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd ed., Springer, New York (2010)",
     "@book\n  author = {Kirkland, E. J.}\n  title = {Advanced Computing in Electron Microscopy}\n  edition "
     "= {2}\n"
     "  publisher = {Springer}\n  address = {New York}\n  year = {2010}"},
    {"faber1965",
     "T. E. Faber, J. M. Ziman, A theory of the electrical properties of liquid metals, Phil. Mag. "
     "<b>11</b>, 153–173 "
     "(1965), doi:10.1080/14786436508211931",
     "@article\n  author = {Faber, T. E. and Ziman, J. M.}\n"
     "  title = {A theory of the electrical properties of liquid metals}\n  journal = {Philosophical "
     "Magazine}\n"
     "  volume = {11}\n  pages = {153--173}\n  year = {1965}\n  doi = {10.1080/14786436508211931}"},
    {"juhas2013",
     "P. Juhás, T. Davis, C. L. Farrow, S. J. L. Billinge, PDFgetX3: a rapid and highly automatable program "
     "for processing "
     "powder diffraction data into total scattering pair distribution functions, J. Appl. Cryst. <b>46</b>, "
     "560–566 (2013), "
     "doi:10.1107/S0021889813005190",
     "@article\n  author = {Juh{\\'a}s, P. and Davis, T. and Farrow, C. L. and Billinge, S. J. L.}\n"
     "  title = {PDFgetX3: a rapid and highly automatable program for processing powder diffraction data "
     "into total "
     "scattering pair distribution functions}\n  journal = {Journal of Applied Crystallography}\n  volume = "
     "{46}\n"
     "  pages = {560--566}\n  year = {2013}\n  doi = {10.1107/S0021889813005190}"},
    {"lorch1969",
     "E. Lorch, Neutron diffraction by germania, silica and radiation-damaged silica glasses, J. Phys. C "
     "<b>2</b>, 229–237 "
     "(1969), doi:10.1088/0022-3719/2/2/305",
     "@article\n  author = {Lorch, E.}\n"
     "  title = {Neutron diffraction by germania, silica and radiation-damaged silica glasses}\n"
     "  journal = {Journal of Physics C}\n  volume = {2}\n  pages = {229--237}\n  year = {1969}\n"
     "  doi = {10.1088/0022-3719/2/2/305}"},
    {"poulsen2005",
     "H. F. Poulsen, J. A. Wert, J. Neuefeind, V. Honkimäki, M. Daymond, Measuring strain distributions in "
     "amorphous "
     "materials, Nat. Mater. <b>4</b>, 33–36 (2005), doi:10.1038/nmat1266",
     "@article\n  author = {Poulsen, H. F. and Wert, J. A. and Neuefeind, J. and Honkim{\\\"a}ki, V. and "
     "Daymond, M.}\n"
     "  title = {Measuring strain distributions in amorphous materials}\n  journal = {Nature Materials}\n"
     "  volume = {4}\n  pages = {33--36}\n  year = {2005}\n  doi = {10.1038/nmat1266}"},
    {"york2004",
     "D. York, N. M. Evensen, M. López Martínez, J. De Basabe Delgado, Unified equations for the slope, "
     "intercept, and "
     "standard errors of the best straight line, Am. J. Phys. <b>72</b>, 367–375 (2004), "
     "doi:10.1119/1.1632486",
     "@article\n  author = {York, D. and Evensen, N. M. and L{\\'o}pez Mart{\\'\\i}nez, M. and De Basabe "
     "Delgado, J.}\n"
     "  title = {Unified equations for the slope, intercept, and standard errors of the best straight line}\n"
     "  journal = {American Journal of Physics}\n  volume = {72}\n  pages = {367--375}\n  year = {2004}\n"
     "  doi = {10.1119/1.1632486}"},
    {"lee1999",
     "D. D. Lee, H. S. Seung, Learning the parts of objects by non-negative matrix factorization, Nature "
     "<b>401</b>, "
     "788–791 (1999), doi:10.1038/44565",
     "@article\n  author = {Lee, D. D. and Seung, H. S.}\n"
     "  title = {Learning the parts of objects by non-negative matrix factorization}\n  journal = {Nature}\n"
     "  volume = {401}\n  pages = {788--791}\n  year = {1999}\n  doi = {10.1038/44565}"},
    {"berry2007",
     "M. W. Berry, M. Browne, A. N. Langville, V. P. Pauca, R. J. Plemmons, Algorithms and applications for "
     "approximate "
     "nonnegative matrix factorization, Comput. Stat. Data Anal. <b>52</b>, 155–173 (2007), "
     "doi:10.1016/j.csda.2006.11.006",
     "@article\n  author = {Berry, M. W. and Browne, M. and Langville, A. N. and Pauca, V. P. and Plemmons, "
     "R. J.}\n"
     "  title = {Algorithms and applications for approximate nonnegative matrix factorization}\n"
     "  journal = {Computational Statistics \\& Data Analysis}\n  volume = {52}\n  pages = {155--173}\n  "
     "year = {2007}\n"
     "  doi = {10.1016/j.csda.2006.11.006}"},
    {"araujo2001",
     "M. C. U. Araújo et al., The successive projections algorithm for variable selection in spectroscopic "
     "multicomponent "
     "analysis, Chemom. Intell. Lab. Syst. <b>57</b>, 65–73 (2001), doi:10.1016/S0169-7439(01)00119-8",
     "@article\n  author = {Ara{\\'u}jo, M. C. U. and others}\n"
     "  title = {The successive projections algorithm for variable selection in spectroscopic multicomponent "
     "analysis}\n"
     "  journal = {Chemometrics and Intelligent Laboratory Systems}\n  volume = {57}\n  pages = {65--73}\n"
     "  year = {2001}\n  doi = {10.1016/S0169-7439(01)00119-8}"},
    {"hyvarinen1999",
     "A. Hyvärinen, Fast and robust fixed-point algorithms for independent component analysis, IEEE Trans. "
     "Neural Netw. "
     "<b>10</b>, 626–634 (1999), doi:10.1109/72.761722",
     "@article\n  author = {Hyv{\\\"a}rinen, A.}\n"
     "  title = {Fast and robust fixed-point algorithms for independent component analysis}\n"
     "  journal = {IEEE Transactions on Neural Networks}\n  volume = {10}\n  pages = {626--634}\n  year = "
     "{1999}\n"
     "  doi = {10.1109/72.761722}"},
    {"chapman1984",
     "J. N. Chapman, The investigation of magnetic domain structures in thin foils by electron microscopy, "
     "J. Phys. D "
     "<b>17</b>, 623–647 (1984), doi:10.1088/0022-3727/17/4/003",
     "@article\n  author = {Chapman, J. N.}\n"
     "  title = {The investigation of magnetic domain structures in thin foils by electron microscopy}\n"
     "  journal = {Journal of Physics D}\n  volume = {17}\n  pages = {623--647}\n  year = {1984}\n"
     "  doi = {10.1088/0022-3727/17/4/003}"},
    {"cullity2009",
     "B. D. Cullity, C. D. Graham, Introduction to Magnetic Materials, 2nd ed., Wiley-IEEE Press, Hoboken "
     "(2009)",
     "@book\n  author = {Cullity, B. D. and Graham, C. D.}\n  title = {Introduction to Magnetic Materials}\n"
     "  edition = {2}\n  publisher = {Wiley-IEEE Press}\n  address = {Hoboken}\n  year = {2009}"},
    {"canny1986",
     "J. Canny, A computational approach to edge detection, IEEE Trans. Pattern Anal. Mach. Intell. "
     "<b>8</b>, 679–698 "
     "(1986), doi:10.1109/TPAMI.1986.4767851",
     "@article\n  author = {Canny, J.}\n  title = {A computational approach to edge detection}\n"
     "  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence}\n  volume = {8}\n"
     "  pages = {679--698}\n  year = {1986}\n  doi = {10.1109/TPAMI.1986.4767851}"},
};
const size_t cli_n_references = sizeof cli_references / sizeof *cli_references;

size_t cli_reference_find(const char *key, size_t length)
{
    for (size_t i = 0; i < cli_n_references; i++)
        if (strlen(cli_references[i].key) == length && strncmp(cli_references[i].key, key, length) == 0)
            return i;
    return cli_n_references;
}

void cli_reference_put_bibtex(FILE *out, const cli_reference *reference)
{
    size_t kind = strcspn(reference->bibtex, "\n");
    fprintf(out, "%.*s{%s,\n", (int)kind, reference->bibtex, reference->key);
    for (const char *line = reference->bibtex + kind + 1; *line != '\0';) {
        char field[512];
        size_t length = strcspn(line, "\n");
        snprintf(field, sizeof field, "%.*s", (int)length, line);
        cli_page_text(out, field);
        line += length + (line[length] == '\n');
        fputs(*line != '\0' || kind == strlen("@software") ? ",\n" : "\n", out);
    }
    if (strcmp(reference->key, "vitrail") == 0) fprintf(out, "  version = {%s}\n", vtr_version());
    fputs("}\n", out);
}
