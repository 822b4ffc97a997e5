# What every target is compiled with. Presets add the optimisation level and the sanitizers.
find_program(GODWIT_CCACHE ccache)
if(GODWIT_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${GODWIT_CCACHE})
endif()
add_compile_options(
    -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
    -fno-omit-frame-pointer)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
option(GODWIT_SABOTAGE_BUILD "plant the bugs of base/sabotage.h; never for use" OFF)
if(GODWIT_SABOTAGE_BUILD)
    add_compile_definitions(GODWIT_SABOTAGE_BUILD)
endif()
add_link_options(-fuse-ld=lld-19)
include_directories(${CMAKE_SOURCE_DIR}/src)
