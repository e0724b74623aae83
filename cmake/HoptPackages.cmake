# Debian packages: `make deb`, or cpack -G DEB in the build folder. Included before anything is
# installed: what names no component belongs to `hopt`.
#
# hopt          programs, manuals, examples, systemd units
# libhopt0      the shared library
# libhopt-dev   headers, static library, manuals of its functions, for programs and plugins
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME hopt)
set(HOPT_DEBIAN ${CMAKE_SOURCE_DIR}/deploy/debian)

set(CPACK_PACKAGE_VENDOR "hopt")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/HoptPackagesCompress.cmake)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL hopt debian lib debian-lib dev debian-dev)
set(CPACK_COMPONENT_LIB_GROUP lib)
set(CPACK_COMPONENT_DEBIAN-LIB_GROUP lib)
set(CPACK_COMPONENT_HOPT_GROUP hopt)
set(CPACK_COMPONENT_DEBIAN_GROUP hopt)
set(CPACK_COMPONENT_DEV_GROUP dev)
set(CPACK_COMPONENT_DEBIAN-DEV_GROUP dev)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "hopt maintainers <maintainers@hopt.invalid>")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON) # dpkg-shlibdeps, of dpkg-dev
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_HOPT_PACKAGE_NAME hopt)
set(CPACK_DEBIAN_HOPT_PACKAGE_SECTION science)
set(CPACK_DEBIAN_HOPT_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_HOPT_PACKAGE_SUGGESTS "python3-sklearn, libhopt0, libhopt-dev")
set(CPACK_DEBIAN_HOPT_DESCRIPTION "hyperparameter optimization service
Proposes hyperparameters, evaluates them on any number of workers and machines
and keeps every trial in MongoDB or SQLite.")
set(CPACK_DEBIAN_HOPT_PACKAGE_CONTROL_EXTRA
  ${HOPT_DEBIAN}/postinst ${HOPT_DEBIAN}/prerm ${HOPT_DEBIAN}/postrm)

set(CPACK_DEBIAN_LIB_PACKAGE_NAME libhopt0)
set(CPACK_DEBIAN_LIB_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIB_PACKAGE_CONTROL_EXTRA ${HOPT_DEBIAN}/triggers) # ldconfig
set(CPACK_DEBIAN_LIB_DESCRIPTION "hyperparameter optimization service: library
Minimizes a function over a search space, asks for points and tells their losses.")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libhopt-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libhopt0 (= ${PROJECT_VERSION}), libjansson-dev, libsqlite3-dev, libmongoc-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_DESCRIPTION "hyperparameter optimization service: development files
What programs that use libhopt and plugins of hopt are compiled with.")

foreach(package hopt:debian libhopt0:debian-lib libhopt-dev:debian-dev)
  string(REPLACE ":" ";" package ${package})
  list(GET package 0 name)
  list(GET package 1 component)
  install(FILES ${HOPT_DEBIAN}/copyright ${HOPT_DEBIAN}/changelog
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
install(FILES ${HOPT_DEBIAN}/lintian-overrides RENAME hopt
  DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES deploy/systemd/hopt-master.service deploy/systemd/hopt-worker@.service
  DESTINATION lib/systemd/system)

include(CPack)
