#!/bin/sh
# llama-bench from llama.cpp's sources, linked to the libraries of the installed llama-cpp-python:
#
#     sh tests/bench/llama_bench.sh SOURCES PROGRAM
#
# and PROGRAM.turns/libllama.so (turns.c), by which it takes turns with another program.
# Compiled with -O3 as llama.cpp's CMake does; what is timed is in the libraries. common/arg.cpp and
# common/download.cpp, which would take the rest of common/ along, are stood in for.
set -eu
sources=$1
program=$2
python=${PYTHON:-python3}
libraries=$("$python" -c 'import importlib.util as u; print(u.find_spec("llama_cpp").origin)')
libraries=${libraries%/*}/lib
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

sed -e 's/@LLAMA_BUILD_NUMBER@/0/' -e 's/@LLAMA_BUILD_COMMIT@/llama-cpp-python/' \
    -e 's/@BUILD_COMPILER@/unknown/' -e 's/@BUILD_TARGET@/unknown/' \
    "$sources/common/build-info.cpp.in" >"$place/build-info.cpp"
cat >"$place/options.cpp" <<'END'
#include "arg.h"
#include "common.h"
#include <initializer_list>
#include <stdexcept>
static bool one_of(const std::string & value, std::initializer_list<const char *> words) {
    for (const char * word : words) {
        if (value == word) { return true; }
    }
    return false;
}
bool common_arg_utils::is_truthy(const std::string & v) { return one_of(v, {"on", "true", "1"}); }
bool common_arg_utils::is_falsey(const std::string & v) { return one_of(v, {"off", "false", "0"}); }
bool common_arg_utils::is_autoy(const std::string & v) { return one_of(v, {"auto", "-1"}); }
common_models_handler common_models_handler_init(const common_params &, llama_example) {
    throw std::runtime_error("this build downloads nothing");
}
void common_models_handler_apply(common_models_handler &, common_params &, common_download_callback *) {}
void common_print_available_devices() {}
END

for unit in "$sources/tools/llama-bench/llama-bench.cpp" "$sources/tools/llama-bench/main.cpp" \
    "$sources/common/common.cpp" "$sources/common/fit.cpp" "$sources/common/json.cpp" \
    "$sources/common/log.cpp" "$sources/common/unicode.cpp" \
    "$place/build-info.cpp" "$place/options.cpp"; do
    name=${unit##*/}
    c++ -O3 -DNDEBUG -std=c++17 -ffunction-sections -fdata-sections -I"$sources/common" \
        -I"$sources/include" -I"$sources/ggml/include" -I"$sources/src" -I"$sources/vendor" \
        -I"$sources/tools/llama-bench" -c "$unit" -o "$place/${name%.cpp}.o"
done
c++ "$place"/*.o -Wl,--gc-sections -L"$libraries" -lllama -lggml -lggml-base -lggml-cpu \
    -Wl,-rpath,"$libraries" -lpthread -o "$program"
mkdir -p "$program.turns"
cc -O2 -shared -fPIC "$(dirname "$0")/turns.c" -o "$program.turns/libllama.so" -Wl,--no-as-needed \
    -L"$libraries" -l:libllama.so.0 -Wl,-rpath,"$libraries" -ldl
