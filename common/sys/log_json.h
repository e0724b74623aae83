/** A log line as a JSON object. Not for other modules but tests. */
#ifndef HOPT_SYS_LOG_JSON_H
#define HOPT_SYS_LOG_JSON_H

#include <stdarg.h>

#include "common/base/buf.h"

/**
 * Add `"msg":"...","key":value...` of a log call. ` key=%d`, ` key=%s`, ` key="%s"` of the *format*
 * become members, whatever the values hold; all else is the message. Integers and finite numbers
 * become numbers, the rest strings. Knows the conversions d i u x c s g f e p and %, with flags,
 * width, precision and the lengths h hh l ll j z t.
 */
void hopt_log_json(hopt_buf *out, const char *format, va_list args);
/** Add a JSON string: control characters are escaped, bytes that are not UTF-8 replaced. */
void hopt_log_json_string(hopt_buf *out, const char *text);

#endif
