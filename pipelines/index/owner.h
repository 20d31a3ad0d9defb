/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process, so that others can tell whether it still runs. */

#pragma once

#include <glib.h>

typedef struct
{
  char *host;                   /* the machine since it was started, and its name space of processes */
  gint64 pid;
  gint64 born;                  /* when the process began, ticks since the machine was started */
} L4Owner;

void l4_owner_init (L4Owner *self);     /* this process */
void l4_owner_clear (L4Owner *self);

gboolean l4_owner_equal (const L4Owner *a, const L4Owner *b);

typedef enum
{
  L4_OWNER_ALIVE,
  L4_OWNER_DEAD,
  L4_OWNER_ELSEWHERE            /* cannot be told from here */
} L4OwnerLife;

L4OwnerLife l4_owner_get_life (const L4Owner *self, const L4Owner *here);
