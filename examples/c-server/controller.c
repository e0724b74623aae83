/* Tune a PID controller: a mass on a spring with friction shall follow a step without overshoot.
 * The loss is the integral of time-weighted absolute error; anti-windup is a branch of its own. */
#include "hopt_objective.h"

/* Simulate 10 s in steps of 1 ms. NaN: it ran away; -1: hopt asked to stop. */
static double simulate(double kp, double ki, double kd, double clamp, double *overshoot) {
    double position = 0, speed = 0, integral = 0, before = 1, loss = 0;
    const double dt = 1e-3;
    *overshoot = 0;
    for (int i = 1; i <= 10000; i++) {
        double error = 1 - position;
        integral += error * dt;
        if (clamp > 0 && fabs(integral) > clamp) integral = integral > 0 ? clamp : -clamp;
        double force = kp * error + ki * integral + kd * (error - before) / dt;
        if (fabs(force) > 20) force = force > 0 ? 20 : -20; /* the motor's limit */
        before = error;
        speed += (force - 2 * position - 0.5 * speed) * dt;
        position += speed * dt;
        loss += i * dt * fabs(error) * dt;
        if (position - 1 > *overshoot) *overshoot = position - 1;
        if (!(fabs(position) < 1e3)) return NAN;
        if (i % 2500 == 0 && hopt_report(i / 2500, loss)) return -1;
    }
    return loss;
}

int main(void) {
    hopt_trial_line trial = {NULL, 0};
    hopt_ready();
    while (hopt_next(&trial)) {
        double kp, ki, kd, clamp = 0, overshoot;
        if (!hopt_number(&trial, "kp", &kp) || !hopt_number(&trial, "ki", &ki) ||
            !hopt_number(&trial, "kd", &kd)) {
            fprintf(stderr, "the study's space lacks kp, ki or kd\n");
            break;
        }
        if (hopt_is(&trial, "windup/_name", "clamp")) hopt_number(&trial, "windup/limit", &clamp);
        double loss = simulate(kp, ki, kd, clamp, &overshoot);
        char more[64];
        snprintf(more, sizeof more, "\"overshoot\":%.6f", overshoot);
        if (isnan(loss))
            hopt_fail("ran away");
        else
            hopt_result(loss, more);
    }
    free(trial.line);
    return !feof(stdin);
}
