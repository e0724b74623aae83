# "Surely a bug" warnings are errors in every build; the rest with -DHOPT_WERROR=ON.
add_library(hopt_warnings INTERFACE)
target_compile_options(hopt_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wconversion -Wvla
  -Wno-sign-conversion
  -Werror=implicit -Werror=int-conversion -Werror=incompatible-pointer-types -Werror=return-type
  -Werror=format -Werror=vla)
if(HOPT_WERROR)
  target_compile_options(hopt_warnings INTERFACE -Werror)
endif()
if(HOPT_SANITIZE MATCHES "thread")
  # The compiler sees less of a number's range through this instrumentation, and warns in vain.
  target_compile_options(hopt_warnings INTERFACE -Wno-format-truncation)
endif()
