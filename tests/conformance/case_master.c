#include "tests/conformance/conformance.h"

const test_case master_cases[] = {{NULL, NULL}};
