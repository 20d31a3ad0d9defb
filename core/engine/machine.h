/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do at most, measured once and kept in the user's cache folder. */

#pragma once

#include "compute/measure.h"

/* What was kept about this processor, instruction set and number of threads; FALSE: nothing usable. */
gboolean l4_machine_recall (const L4Compute *compute, L4Speed *speed);

/* Keeps it for later processes. FALSE: could not be written. */
gboolean l4_machine_keep (const L4Compute *compute, const L4Speed *speed);
