#!/usr/bin/env bash
# What cmake --install lays down works after it was moved, from any folder: the two commands of the
# README, and a CMake project that finds nnrt as a package.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$BUILD_DIR" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved here"
installed="$work/moved here"
for file in bin/nncc include/nnrt.h share/man/man1/nncc.1 share/man/man1/nnrt-program.1 \
            share/bash-completion/completions/nncc share/zsh/site-functions/_nncc; do
  [ -e "$installed/$file" ] || { echo "not installed: $file"; exit 1; }
done

export PATH="$installed/bin:$PATH"
PKG_CONFIG_PATH=$(dirname "$(find "$installed" -name nnrt.pc)")
export PKG_CONFIG_PATH
mkdir "$work/elsewhere"
cd "$work/elsewhere"
cp "$SOURCE_DIR/examples/logistic/logistic.nn" model.nn

# A folder with a space in its name: what pkg-config escapes needs the shell's eval.
nncc model.nn -o model.c
eval "$CC -O3 -march=native model.c $(pkg-config --cflags --libs nnrt) -o model"
./model info | grep -q W1
ldd model | grep nnrt && { echo "libnnrt was not linked statically"; exit 1; }

cat >CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(model C)
find_package(nnrt 0.1 REQUIRED)
add_executable(by_cmake model.c)
target_link_libraries(by_cmake nnrt::nnrt)
END
cmake -S . -B build -DCMAKE_C_COMPILER="$CC" -DCMAKE_PREFIX_PATH="$installed" >cmake.log
cmake --build build >>cmake.log || { cat cmake.log; exit 1; }
./build/by_cmake info | grep -q W1
