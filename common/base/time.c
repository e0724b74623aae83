#include "common/base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void hopt_time_format(char out[HOPT_TIME_TEXT], int64_t unix_ms) {
    int64_t seconds = unix_ms / 1000, ms = unix_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    time_t when = (time_t)seconds;
    struct tm utc;
    if (!gmtime_r(&when, &utc)) memset(&utc, 0, sizeof utc);
    snprintf(out, HOPT_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(utc.tm_year + 1900) % 10000u, (unsigned)(utc.tm_mon + 1) % 100u,
             (unsigned)utc.tm_mday % 100u, (unsigned)utc.tm_hour % 100u,
             (unsigned)utc.tm_min % 100u, (unsigned)utc.tm_sec % 100u, (unsigned)ms % 1000u);
}

bool hopt_time_parse(int64_t *unix_ms, const char *text) {
    struct tm utc = {0};
    int used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &used) != 6 ||
        used != 19)
        return false;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    int64_t ms = 0, scale = 100;
    const char *rest = text + used;
    if (*rest == '.') {
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            ms += (*rest - '0') * scale;
    }
    if (strcmp(rest, "Z") != 0) return false;
    int month = utc.tm_mon, day = utc.tm_mday, hour = utc.tm_hour, minute = utc.tm_min;
    time_t seconds = timegm(&utc);
    /* timegm() folds "February 30" into March: a changed field means that there is no such time. */
    if (utc.tm_mon != month || utc.tm_mday != day || utc.tm_hour != hour || utc.tm_min != minute)
        return false;
    *unix_ms = (int64_t)seconds * 1000 + ms;
    return true;
}

void hopt_time_duration(char *out, size_t size, int64_t ms) {
    int64_t s = ms / 1000;
    if (ms < 1000)
        snprintf(out, size, "%d ms", (int)(ms < 0 ? 0 : ms));
    else if (s < 60)
        snprintf(out, size, "%.1f s", (double)ms / 1000.0);
    else if (s < 3600)
        snprintf(out, size, "%dm %02ds", (int)(s / 60), (int)(s % 60));
    else if (s < 86400)
        snprintf(out, size, "%dh %02dm", (int)(s / 3600), (int)(s / 60 % 60));
    else
        snprintf(out, size, "%lldd %02dh", (long long)(s / 86400), (int)(s / 3600 % 24));
}
