/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file system below SQLite that fails when it is told to, and that can lose its power. It never waits for the disk. */

#pragma once

#include <glib.h>

typedef enum
{
  FAULT_NONE,
  FAULT_WRITE,                  /* the disk refuses */
  FAULT_FULL,                   /* it is full */
  FAULT_SYNC,
  FAULT_OPEN,
  FAULT_TRUNCATE,
  FAULT_LOCK,                   /* the file system knows no locks */
  FAULT_POWER                   /* at a write: what was not synchronised is kept or lost at random, and nothing works any more */
} FaultKind;

void faulty_vfs_install (void); /* all files that SQLite opens from now on are on it */

/* The nth call of that kind fails from now on (from 1), and with lasting all after it. */
void faulty_vfs_arm (FaultKind kind, guint n, gboolean lasting);
/* Whether it came to that; all works again. */
gboolean faulty_vfs_disarm (void);
