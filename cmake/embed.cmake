# FILES (a list of texts) into OUTPUT, a C file that defines library_files of library.h. The texts
# are arrays of numbers, since a string literal of C99 may not exceed 4095 characters.
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(REPEAT "[0-9a-f][0-9a-f]" 16 sixteen)
  string(REGEX REPLACE "(${sixteen})" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const unsigned char text_${count}[] = { /* ${name} */\n${bytes}0};\n\n")
  string(APPEND rows "  {\"${name}\", (const char *)text_${count}},\n")
  math(EXPR count "${count} + 1")
endforeach()
if(count EQUAL 0)
  set(rows "  {0, 0},\n")
endif()
file(WRITE ${OUTPUT} "/* Generated from compiler/library by cmake/embed.cmake. */
#include \"library.h\"

${arrays}const library_file library_files[] = {\n${rows}};
const size_t library_file_count = ${count};
")
