#include "tests/conformance/conformance.h"

const test_case read_cases[] = {{NULL, NULL}};
