# nncc's manual page and completions, and the manual page of emitted programs: each printed by the
# program that it describes. An emitted program completes itself: eval "$(./model completion bash)".
add_executable(nnrt-program cmake/nnrt-program.c)
target_compile_options(nnrt-program PRIVATE ${strict_warnings})
target_link_libraries(nnrt-program PRIVATE nnrt)

set(pages ${PROJECT_BINARY_DIR}/pages)
file(MAKE_DIRECTORY ${pages})

# A file in ${pages} that a program of ours prints.
function(printed_page file)
  add_custom_command(OUTPUT ${pages}/${file} COMMAND ${ARGN} >${pages}/${file}
                     DEPENDS ${ARGV1} COMMENT "Printing ${file}")
endfunction()

printed_page(nncc.1 nncc --manual)
printed_page(nnrt-program.1 nnrt-program)
printed_page(nncc.bash nncc --completion bash)
printed_page(_nncc nncc --completion zsh)
add_custom_target(pages ALL DEPENDS ${pages}/nncc.1 ${pages}/nnrt-program.1 ${pages}/nncc.bash
                                    ${pages}/_nncc)

install(FILES ${pages}/nncc.1 ${pages}/nnrt-program.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${pages}/nncc.bash RENAME nncc
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${pages}/_nncc DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
