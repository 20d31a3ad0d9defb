/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sign of life of a process that has claimed films. */

#pragma once

#include "index/database.h"
#include "index/owner.h"

/* Older claims of processes that cannot be looked after are taken over. */
#define L4_LEASE_TIME (60 * G_USEC_PER_SEC)

/* A thread with a connection of its own to where, which renews all claims of owner (borrowed) several times a minute. */
typedef struct _L4Lease L4Lease;

L4Lease *l4_lease_new (const char *where, const L4Owner *owner);
void l4_lease_free (L4Lease *self);
