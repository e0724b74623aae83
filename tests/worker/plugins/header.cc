/* The public header is C++ too. */
#include "common/plugin/hopt_plugin.h"

const hopt_plugin *hopt_plugin_get(uint32_t) {
    return nullptr;
}
