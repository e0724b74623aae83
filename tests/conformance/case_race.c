#include "tests/conformance/conformance.h"

const test_case race_cases[] = {{NULL, NULL}};
