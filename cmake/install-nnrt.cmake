# libnnrt.a, nnrt.h, nnrt.pc and a CMake package (find_package(nnrt), target nnrt::nnrt). All of them
# find each other relative to where they lie, so the installed tree may be moved.
include(CMakePackageConfigHelpers)

install(TARGETS nnrt EXPORT nnrt
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# Debian's libdir may be lib/x86_64-linux-gnu, so the way back to the prefix is worked out.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
           BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE pc_to_prefix)
configure_file(cmake/nnrt.pc.in ${PROJECT_BINARY_DIR}/nnrt.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/nnrt.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

write_basic_package_version_file(${PROJECT_BINARY_DIR}/nnrtConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(EXPORT nnrt NAMESPACE nnrt:: FILE nnrtConfig.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nnrt)
install(FILES ${PROJECT_BINARY_DIR}/nnrtConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nnrt)
