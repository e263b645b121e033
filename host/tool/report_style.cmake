# Makes report_style.c of report.css: cmake -D CSS=... -D C=... -P report_style.cmake
file(READ ${CSS} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${C} "#include \"report_style.h\"\n\nconst char REPORT_STYLE[] = {${bytes}0};\n")
