#include "launch.h"

/// `swift test` starts a program whose main function is not ours, and the environment must be right before it.
__attribute__((constructor)) static void launch(void) { dptrain_test_launch(); }
