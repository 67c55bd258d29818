#pragma once

/// In TestSupport: starts the program of the tests again with the environment that runs compute in.
void dptrain_test_launch(void);
