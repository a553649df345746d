"""What the API and the pages share: who calls from where, orders made of ids, a job followed, refusals as statuses."""
