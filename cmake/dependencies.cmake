# Everything Vitrail is built on, found once, as one interface target.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(FFTW REQUIRED IMPORTED_TARGET fftw3 fftw3f)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(LAPACKE REQUIRED IMPORTED_TARGET lapacke)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo cairo-svg cairo-pdf pangocairo)
pkg_check_modules(TIFF REQUIRED IMPORTED_TARGET libtiff-4)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XRAYLIB REQUIRED IMPORTED_TARGET libxrl)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(QHULL REQUIRED IMPORTED_TARGET qhull_r)
pkg_check_modules(BLOSC REQUIRED IMPORTED_TARGET blosc)
# Ranks (mpirun, srun); without it they are refused, with the reason.
if(VITRAIL_MPI)
  find_package(MPI COMPONENTS C)
endif()
# The server of the viewer; without it `vitrail view` says what is missing.
pkg_check_modules(MICROHTTPD IMPORTED_TARGET libmicrohttpd>=0.9.71)

add_library(vitrail_dependencies INTERFACE)
target_include_directories(vitrail_dependencies SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
# Where the versions of HDF5 differ, the names mean what they mean in 1.10.
target_compile_definitions(vitrail_dependencies INTERFACE ${HDF5_C_DEFINITIONS} H5_USE_110_API)
target_link_libraries(vitrail_dependencies INTERFACE
  Threads::Threads OpenMP::OpenMP_C ${HDF5_C_LIBRARIES}
  PkgConfig::FFTW PkgConfig::OPENBLAS PkgConfig::LAPACKE PkgConfig::DEFLATE PkgConfig::CAIRO PkgConfig::TIFF PkgConfig::PNG
  PkgConfig::ZSTD PkgConfig::XRAYLIB PkgConfig::YAML PkgConfig::QHULL PkgConfig::BLOSC ${CMAKE_DL_LIBS} m)
