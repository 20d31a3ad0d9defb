/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the manual pages of all programs that open an index say of passwords. */

#pragma once

#include "base/i18n.h"

#define L4_INDEX_FILES N_("~/.pgpass  # Passwords of PostgreSQL databases, a line of HOST:PORT:NAME:USER:PASSWORD for each, which only you may read. A " \
    "password in an address is seen by every user of the machine in the list of processes; none is there if it comes from this file, from another " \
    "one that ?passfile=FILE at the address's end names, or from the variable PGPASSWORD.")
