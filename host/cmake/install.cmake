# cmake --install: header, both libraries, CMake package, pkg-config file; the tool adds itself.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/denseblock)

set_target_properties(denseblock_shared PROPERTIES EXPORT_NAME denseblock)
set_target_properties(denseblock_static PROPERTIES EXPORT_NAME static)
install(FILES ${PROJECT_SOURCE_DIR}/include/denseblock.h TYPE INCLUDE)
# In two files: who uses the shared library needs nothing of what the static one needs.
foreach(kind shared static)
    install(TARGETS denseblock_${kind} EXPORT denseblock-${kind})
    install(EXPORT denseblock-${kind} NAMESPACE denseblock:: DESTINATION ${package_folder})
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/denseblock-config.cmake.in
    ${PROJECT_BINARY_DIR}/denseblock-config.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/denseblock-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/denseblock-config.cmake
              ${PROJECT_BINARY_DIR}/denseblock-config-version.cmake
    DESTINATION ${package_folder})

# What a static link needs besides, as flags.
set(private_flags -lm)
if(OpenMP_C_FOUND)
    list(APPEND private_flags ${OpenMP_C_FLAGS})
endif()
if(DENSEBLOCK_WITH_NVTX)
    list(APPEND private_flags -ldl)
endif()
if(DENSEBLOCK_WITH_CUDA)
    list(APPEND private_flags ${CUDA_cudart_static_LIBRARY} -ldl -lrt -lpthread -lstdc++)
endif()
list(JOIN private_flags " " private_flags)
foreach(folder LIBDIR INCLUDEDIR)
    set(pc_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
        set(pc_${folder} "${CMAKE_INSTALL_${folder}}")
    endif()
endforeach()
# The file finds the rest relative to itself, wherever the whole is moved to; but folders that were
# given as absolute ones stay where they are.
cmake_path(SET libdir NORMALIZE "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${libdir} OUTPUT_VARIABLE up_to_prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/denseblock.pc.in ${PROJECT_BINARY_DIR}/denseblock.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/denseblock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
