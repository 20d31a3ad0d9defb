/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translation of what a user reads. */

#pragma once

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
