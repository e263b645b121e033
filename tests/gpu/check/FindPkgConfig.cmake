# In place of CMake's own where validate.sh has brought Check along, for machines that have neither
# Check nor pkg-config. DENSEBLOCK_CHECK_ROOT is the folder that validate.sh --pack-check wrote; where
# it is empty, what needs Check is not built.
set(PkgConfig_FOUND TRUE)

function(pkg_check_modules prefix)
    if(NOT "check" IN_LIST ARGN)
        set(${prefix}_FOUND FALSE PARENT_SCOPE)
        return()
    endif()
    add_library(PkgConfig::${prefix} INTERFACE IMPORTED GLOBAL)
    if(DENSEBLOCK_CHECK_ROOT)
        target_include_directories(PkgConfig::${prefix} INTERFACE ${DENSEBLOCK_CHECK_ROOT}/include)
        target_link_libraries(PkgConfig::${prefix} INTERFACE
            ${DENSEBLOCK_CHECK_ROOT}/lib/libcheck_pic.a
            ${DENSEBLOCK_CHECK_ROOT}/lib/libsubunit.a
            -pthread rt m)
    endif()
    set(${prefix}_FOUND TRUE PARENT_SCOPE)
endfunction()
