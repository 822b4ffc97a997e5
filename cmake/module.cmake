# godwit_module(NAME [DEPENDS module...] [LIBRARIES library...]
#               [TEST_DEPENDS module...] [TEST_LIBRARIES library...])
#
# Makes the static library godwit_NAME of the .cc files beside the caller, and the test program
# NAME_test of its *_test.cc files. DEPENDS names the modules below that it may include
# (scripts/lint/layers.txt holds it to them); what only its tests use stands in TEST_*.
# main.cc is left out: src/app makes the program `godwit` of it.
function(godwit_module name)
    cmake_parse_arguments(arg "" "" "DEPENDS;LIBRARIES;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
    list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
    list(FILTER tests INCLUDE REGEX "_test\\.cc$")

    set(dependencies ${arg_DEPENDS})
    list(TRANSFORM dependencies PREPEND godwit_)
    add_library(godwit_${name} STATIC ${sources})
    target_link_libraries(godwit_${name} PRIVATE ${dependencies} ${arg_LIBRARIES} Threads::Threads)
    set_target_properties(godwit_${name} PROPERTIES LINKER_LANGUAGE CXX)

    if(GODWIT_TESTS AND tests)
        set(test_dependencies ${arg_TEST_DEPENDS})
        list(TRANSFORM test_dependencies PREPEND godwit_)
        add_executable(${name}_test ${tests})
        target_link_libraries(${name}_test PRIVATE
            godwit_${name} ${test_dependencies} ${dependencies} ${arg_LIBRARIES} ${arg_TEST_LIBRARIES}
            gtest gmock gtest_main Threads::Threads)
        add_test(NAME ${name}_test COMMAND ${name}_test)
        set_tests_properties(${name}_test PROPERTIES TIMEOUT 300)
    endif()
endfunction()
