#include "tests/conformance/conformance.h"

const test_case crash_cases[] = {{NULL, NULL}};
