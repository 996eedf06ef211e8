# cmake -DBOXCTL=PROGRAM -DVERSION=X -DFRAME=boxctl.1.in -DPAGE=boxctl.1 -P man_page.cmake
# Puts what the program says about its verbs and options into the frame. Lines are kept apart by
# string(REPLACE), as configure_file() would read '@' and ';' of the texts.
cmake_minimum_required(VERSION 3.25)
file(READ ${FRAME} page)
foreach(part verbs options)
    execute_process(COMMAND ${BOXCTL} man-options ${part} OUTPUT_VARIABLE text
            COMMAND_ERROR_IS_FATAL ANY)
    string(STRIP "${text}" text)
    string(TOUPPER ${part} name)
    string(REPLACE "@${name}@" "${text}" page "${page}")
endforeach()
string(REPLACE "@VERSION@" "${VERSION}" page "${page}")
file(WRITE ${PAGE} "${page}")
