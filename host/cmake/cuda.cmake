# Finds a CUDA compiler, as DENSEBLOCK_CUDA asks, and sets DENSEBLOCK_WITH_CUDA.
set(DENSEBLOCK_WITH_CUDA FALSE)
if(DENSEBLOCK_CUDA STREQUAL "AUTO" OR DENSEBLOCK_CUDA)
    if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
        # The toolkit's own installer leaves PATH alone.
        find_program(DENSEBLOCK_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda
                     PATH_SUFFIXES bin)
        mark_as_advanced(DENSEBLOCK_NVCC)
        if(DENSEBLOCK_NVCC)
            set(ENV{CUDACXX} ${DENSEBLOCK_NVCC}) # check_language tries whether it works
        endif()
    endif()
    include(CheckLanguage)
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
        set(DENSEBLOCK_WITH_CUDA TRUE)
    elseif(NOT DENSEBLOCK_CUDA STREQUAL "AUTO")
        message(FATAL_ERROR "DENSEBLOCK_CUDA is ${DENSEBLOCK_CUDA}, but no CUDA compiler that "
                "works was found: put nvcc on PATH, set CMAKE_CUDA_COMPILER, or build with "
                "-DDENSEBLOCK_CUDA=OFF")
    endif()
endif()

if(DENSEBLOCK_WITH_CUDA)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
        set(CMAKE_CUDA_ARCHITECTURES OFF) # ours are chosen below, when the version is known
    endif()
    enable_language(CUDA)
    # CMake 3.25, which Debian 12 has, stops where this library is missing, as in CUDA 13.
    if(NOT TARGET CUDA::nvToolsExt)
        add_library(CUDA::nvToolsExt INTERFACE IMPORTED)
    endif()
    find_package(CUDAToolkit REQUIRED)
    if(NOT CMAKE_CUDA_ARCHITECTURES)
        set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
        if(CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.8)
            set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 100-real 120)
        endif()
    endif()
    set(CMAKE_CUDA_STANDARD 17)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
    string(REPLACE ";" " " architectures "${CMAKE_CUDA_ARCHITECTURES}")
    message(STATUS "denseblock: CUDA ${CMAKE_CUDA_COMPILER_VERSION} build, for ${architectures}")
elseif(DENSEBLOCK_CUDA STREQUAL "AUTO")
    message(STATUS "denseblock: CPU-only build, no CUDA compiler that works was found")
else()
    message(STATUS "denseblock: CPU-only build, as asked")
endif()
