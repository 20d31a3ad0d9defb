/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the room. */

#pragma once

#include "scan/scan.h"

/* Hidden, or put beside films by storage and systems. */
gboolean l4_scan_is_hidden_name (const char *name);
