/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do at most, measured and kept in the user's cache folder. */

#pragma once

#include "compute/measure.h"

/* What was kept about this processor, instruction set and number of threads; FALSE: nothing usable. */
gboolean l4_machine_recall (const L4Compute *compute, L4Speed *speed);

/* Whether that is a week old, or from a time to come: others may have used the machine when it was measured. */
gboolean l4_machine_is_old (const L4Compute *compute);

/* Measures, takes the better of each of this and what was kept, and keeps it. */
gboolean l4_machine_measure (L4Compute *compute, L4Speed *speed, GError **error);

/* Keeps it for later processes. FALSE: could not be written. */
gboolean l4_machine_keep (const L4Compute *compute, const L4Speed *speed);
