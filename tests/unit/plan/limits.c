/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan has to say whatever the specimen: scaling with dose, frames, means, the sizes of the recording. */
#include <math.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/plan.h"

static vtr_twin_params small(void)
{
    vtr_twin_params p = vtr_twin_default_params();
    p.scan[0] = 20;
    p.scan[1] = 30;
    p.pattern[0] = p.pattern[1] = 96;
    p.scan_step_nm = 4;
    return p;
}

static vtr_plan planned(const vtr_twin_params *specimen, const vtr_plan_params *params)
{
    vtr_error err;
    vtr_plan plan;
    assert_ok(vtr_plan_compute(&plan, "rings", specimen, params, &err));
    return plan;
}

/* Of counted electrons the errors go with the root of the dose; with speckle there is a floor that no dose moves. */
static void dose(void **state)
{
    (void)state;
    vtr_twin_params p = small();
    p.contrast = 0;
    p.electrons = 1e5;
    vtr_plan one = planned(&p, NULL);
    p.electrons = 1e7;
    vtr_plan hundred = planned(&p, NULL);
    for (int i = 0; i < 3; i++) {
        assert_near(one.errors.strain[i] / hundred.errors.strain[i], 10, 0.05);
        assert_near(one.errors.strain[i], one.counting.strain[i], 1e-9);
    }
    p.contrast = 0.04;
    p.electrons = 1e9;
    vtr_plan floor = planned(&p, NULL);
    p.electrons = 1e11;
    vtr_plan lower = planned(&p, NULL);
    assert_near(lower.errors.strain[0] / floor.errors.strain[0], 1, 0.01);
    assert_near(lower.counting.strain[0] / floor.counting.strain[0], 0.1, 1e-3);
    /* the contrast is a variance: four times of it doubles the floor */
    p.contrast = 0.16;
    vtr_plan rough = planned(&p, NULL);
    assert_near(rough.errors.strain[0] / lower.errors.strain[0], 2, 0.02);
}

/* A ring of no preferred direction knows exx and eyy equally well, in any frame; opposite speckles that are the same help the
 * centre and harm the strain. */
static void frames_and_symmetry(void **state)
{
    (void)state;
    vtr_twin_params p = small();
    vtr_plan plain = planned(&p, NULL);
    assert_near(plain.errors.strain[0] / plain.errors.strain[1], 1, 0.02);
    assert_near(plain.errors.centre_px[0] / plain.errors.centre_px[1], 1, 0.02);
    p.distortion_percent = 6;
    vtr_plan along = planned(&p, NULL);
    p.scan_rotation = 90;
    vtr_plan across = planned(&p, NULL);
    assert_near(along.errors.strain[0], across.errors.strain[1], 1e-3 * along.errors.strain[0]);
    assert_near(along.errors.strain[1], across.errors.strain[0], 1e-3 * along.errors.strain[1]);
    p = small();
    p.electrons = 1e7;
    p.friedel = 0;
    vtr_plan none = planned(&p, NULL);
    p.friedel = 0.8;
    vtr_plan strong = planned(&p, NULL);
    assert_near(strong.errors.strain[2] / none.errors.strain[2], sqrt(1.8), 0.06);
    assert_near(strong.errors.centre_px[0] / none.errors.centre_px[0], sqrt(0.2), 0.12);
}

static void the_recording(void **state)
{
    (void)state;
    vtr_twin_params p = small();
    vtr_plan_params params;
    vtr_parameters_default(&vtr_plan_parameters, &params);
    params.frames_per_second = 300;
    params.thickness_nm = 50;
    vtr_plan plan = planned(&p, &params);
    assert_near(plan.seconds, 2, 1e-12);
    assert_near(plan.bytes, 20. * 30 * 96 * 96 * 2, 1e-9);
    assert_near(plan.field_nm[0], 80, 1e-9);
    assert_near(plan.field_nm[1], 120, 1e-9);
    assert_near(plan.dose_per_square_angstrom, p.electrons * (1 + p.beam_ratio) / 1600, 1e-6);
    assert_near(plan.ring_radius_px, 0.47 * 48, 0.6);
    assert_near(plan.visible, 1, 0.01);
    /* beta = e lambda B t/h in rad; beta = k lambda */
    const double k_step = plan.ring_k / plan.ring_radius_px,
                 lambda_m = 1e-10 * vtr_electron_wavelength_angstrom(300);
    double beta = VTR_ELEMENTARY_CHARGE_C * lambda_m * 50e-9 * plan.induction_t / VTR_PLANCK_J_S;
    double beam_px = sqrt(0.5 * (plan.beam_px[0] * plan.beam_px[0] + plan.beam_px[1] * plan.beam_px[1]));
    assert_near(beta / (1e10 * beam_px * k_step * lambda_m), 1, 1e-9);
    params.positions_averaged = 25;
    vtr_plan mean = planned(&p, &params);
    assert_near(mean.errors.strain[1], plan.errors.strain[1] / 5, 1e-12);
    assert_near(mean.induction_t, plan.induction_t / 5, 1e-12);
    p.middle = VTR_TWIN_BEAM_STOP;
    vtr_plan stopped = planned(&p, &params);
    assert_true(isnan(stopped.induction_t) && stopped.visible < 0.98 && stopped.visible > 0.7);
    assert_true(isnan(planned(&p, NULL).seconds));
}

static void what_cannot_be_planned(void **state)
{
    (void)state;
    vtr_error err;
    vtr_plan plan;
    vtr_twin_params p = small();
    assert_fails(vtr_plan_compute(&plan, "nothing", &p, NULL, &err), VTR_ERR_ARGUMENT, "nothing");
    p.k_step = 0.001; /* the ring far outside of the detector */
    assert_fails(vtr_plan_compute(&plan, "rings", &p, NULL, &err), VTR_ERR_NO_DATA, "ring");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dose),
        cmocka_unit_test(frames_and_symmetry),
        cmocka_unit_test(the_recording),
        cmocka_unit_test(what_cannot_be_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
