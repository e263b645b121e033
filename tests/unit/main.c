/* The main function of every suite. */
#include "suite.h"

#include <stdlib.h>

int main(void) {
    SRunner *runner = srunner_create(suite());
    /* One process: sanitizers then see everything, and CTest has its own time limit. */
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
