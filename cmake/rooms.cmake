# The rooms in the order of the flow: a room may use those above it, never one below.
set(VITRAIL_ROOMS base recipe dataset detector polar ring beam mapfile export pass field band scattering pdf unmix magnetic series companion twin model fluctuation plan figure)
# The room of each public header that is not named after one.
set(VITRAIL_ROOM_OF_HEADER
  api=base calibration=pass checkpoint=pass constants=base error=base frames=pass input=base memory=base output=base parameters=base progress=base ranks=base types=base virtual=pass
  atoms=twin bands=band energy=band vortices=band inclusions=band structure=twin pdf_cube=pdf pdf_strain=pdf pdf_text=pdf
  thickness=companion scratch=companion local_structure=model
  unmix_mlls=unmix unmix_pca=unmix unmix_read=unmix unmix_simplex=unmix
  line_profile=field region=mapfile ring_map=mapfile ring_template=ring pdf_pattern=pdf pdf_result=pdf pdf_shell=pdf
  pdf_compare=pdf pdf_correct=pdf pdf_refine=pdf pdf_positions=pdf phases=unmix)

# Compile options of all code of the project.
add_library(vitrail_options INTERFACE)
target_compile_options(vitrail_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -ffp-contract=off -fno-math-errno
  -Werror=implicit-function-declaration -Werror=incompatible-pointer-types -Werror=int-conversion
  $<$<BOOL:${VITRAIL_WARNINGS_AS_ERRORS}>:-Werror>)
target_compile_definitions(vitrail_options INTERFACE VITRAIL_VERSION="${PROJECT_VERSION}")
if(VITRAIL_SANITIZE)
  target_compile_options(vitrail_options INTERFACE
    -fsanitize=${VITRAIL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(vitrail_options INTERFACE -fsanitize=${VITRAIL_SANITIZE})
endif()

# vitrail_room(NAME file.c ...): the sources of one room, as objects for the library and the tests.
function(vitrail_room name)
  add_library(room_${name} OBJECT ${ARGN})
  set_target_properties(room_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  target_include_directories(room_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(room_${name} PUBLIC vitrail_options vitrail_dependencies)
endfunction()

# vitrail_test(ROOM NAME [LABELS label ...] [TIMEOUT seconds] [SOURCES extra.c ...]):
# tests/unit/ROOM/NAME.c as one ctest, linked to the library's objects.
function(vitrail_test room name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "LABELS;SOURCES")
  set(target test_${room}_${name})
  add_executable(${target} ${name}.c ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE vitrail_test_support)
  add_test(NAME ${room}.${name} COMMAND ${target})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${room}.${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    SKIP_RETURN_CODE 77 ENVIRONMENT "${VITRAIL_TEST_ENVIRONMENT}")
endfunction()

# vitrail_ranks_check(NAME command ...): one ctest that starts ranks; skipped without a launcher.
function(vitrail_ranks_check name)
  if(TARGET vitrail_mpi AND MPIEXEC_EXECUTABLE)
    add_test(NAME ${name} COMMAND ${ARGN})
  else()
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: no MPI and its launcher were found")
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS mpi TIMEOUT 600 PROCESSORS 2 SKIP_RETURN_CODE 77
    ENVIRONMENT "${VITRAIL_RANKS_ENVIRONMENT}")
endfunction()

# vitrail_ranks_test(NAME N command ...): the command as N ranks of one machine.
function(vitrail_ranks_test name n)
  vitrail_ranks_check(${name} ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n} ${ARGN})
endfunction()
