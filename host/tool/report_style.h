/* The style sheet of reports: report.css, which the build makes text of. */
#ifndef TOOL_REPORT_STYLE_H
#define TOOL_REPORT_STYLE_H

extern const char REPORT_STYLE[];

#endif
