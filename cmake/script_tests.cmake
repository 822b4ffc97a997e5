# The scripts of ./dev are code too: their tests run with the others. So do the lint rules, over the
# tree as it stands; `./dev lint` adds format, shell and clang-tidy checks.
find_program(GODWIT_PYTHON python3 REQUIRED)
mark_as_advanced(GODWIT_PYTHON)

add_test(NAME lint_rules_test COMMAND ${GODWIT_PYTHON} -B ${CMAKE_SOURCE_DIR}/scripts/lint/lint_test.py)
add_test(NAME lint_tree COMMAND ${GODWIT_PYTHON} -B ${CMAKE_SOURCE_DIR}/scripts/lint ${CMAKE_SOURCE_DIR})
add_test(NAME count_tests_test COMMAND ${GODWIT_PYTHON} -B ${CMAKE_SOURCE_DIR}/scripts/dev/count_tests_test.py)
set_tests_properties(lint_rules_test lint_tree count_tests_test PROPERTIES TIMEOUT 120)
